"""What routes ask for in their signatures; `app.build_app` hands it to them by these names."""

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from runtime.service import Readiness
from services.gateway.identity.access import Caller
from services.gateway.identity.hub_sign_in import HubSignIn
from services.gateway.moderation.dead_letters import DeadLetters
from services.gateway.query.asked import Asked
from services.gateway.query.service import BoardQueries
from services.gateway.queue.outlook import Outlook
from services.gateway.requests.actions import Actions
from services.gateway.samples.files import DetailFiles
from services.gateway.state.event_log import EventLog
from services.gateway.state.store import ViewStore
from services.gateway.submitting.hub_models import HubModels
from services.gateway.submitting.quotas import Quotas
from services.gateway.submitting.rule_check import RuleBook

StoreDependency = NamedDependency[SkipValidation[ViewStore]]
EventLogDependency = NamedDependency[SkipValidation[EventLog]]
HubModelsDependency = NamedDependency[SkipValidation[HubModels]]
RuleBookDependency = NamedDependency[SkipValidation[RuleBook]]
ReadinessDependency = NamedDependency[SkipValidation[Readiness]]
CallerDependency = NamedDependency[SkipValidation[Caller]]
HubSignInDependency = NamedDependency[SkipValidation[HubSignIn | None]]
QuotasDependency = NamedDependency[SkipValidation[Quotas]]
OutlookDependency = NamedDependency[SkipValidation[Outlook]]
ActionsDependency = NamedDependency[SkipValidation[Actions]]
DeadLettersDependency = NamedDependency[SkipValidation[DeadLetters]]
DetailFilesDependency = NamedDependency[SkipValidation[DetailFiles]]
BoardQueriesDependency = NamedDependency[SkipValidation[BoardQueries]]
AskedDependency = NamedDependency[SkipValidation[Asked]]
