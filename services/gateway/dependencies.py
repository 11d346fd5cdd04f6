"""What routes ask for in their signatures; `app.build_app` hands it to them by these names."""

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from runtime.service import Readiness
from services.gateway.access import Caller
from services.gateway.actions import Actions
from services.gateway.dead_letters import DeadLetters
from services.gateway.details import DetailFiles
from services.gateway.event_log import EventLog
from services.gateway.hub_models import HubModels
from services.gateway.hub_sign_in import HubSignIn
from services.gateway.outlook import Outlook
from services.gateway.query.asked import Asked
from services.gateway.query.service import BoardQueries
from services.gateway.quotas import Quotas
from services.gateway.rule_check import RuleBook
from services.gateway.store import ViewStore

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
