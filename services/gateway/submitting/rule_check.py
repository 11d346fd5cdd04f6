"""What the rules say of a model before it is submitted. The rules are the validator's, so it is
asked, and where none answers that is said: nothing is guessed here."""

from dataclasses import dataclass

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from pydantic import ValidationError

from contracts.check import RuleReport, RulesAsked

log = structlog.get_logger(__name__)

_LATER = "Try again in a moment, or submit it: it is checked as soon as a validator runs."


@dataclass(frozen=True)
class Unanswered:
    """Why there is no report."""

    message: str
    advice: str


@dataclass(frozen=True)
class RuleBook:
    client: Client
    timeout_s: float = 30
    """Longest time a validator may take; it asks the Hub, and reads configuration and tokenizer."""

    async def ask(self, question: RulesAsked) -> RuleReport | Unanswered:
        body = question.model_dump_json().encode()
        try:
            answer = await self.client.request(question.subject(), body, timeout=self.timeout_s)
            report = RuleReport.model_validate_json(answer.data)
        except NoRespondersError:
            return Unanswered("No validator is there right now.", _LATER)
        except (NatsError, TimeoutError) as fault:
            log.warning("no validator answered", error=str(fault) or repr(fault))
            return Unanswered(f"No validator has answered within {self.timeout_s:g} s.", _LATER)
        except ValidationError as fault:
            log.warning("a validator's answer cannot be read", error=str(fault))
            return Unanswered("The validator's answer cannot be read.", _LATER)
        if report.busy:
            return Unanswered("The validators have their hands full.", _LATER)
        if report.hub_fault:
            return Unanswered(report.hub_fault, "That says nothing about the model. " + _LATER)
        return report
