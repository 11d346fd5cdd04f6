from contracts.check import RuleOutcomes
from contracts.models import Reason
from contracts.rule_book import rule_book
from contracts.views import RequestState
from services.gateway.queue.outlook import Outlook
from services.gateway.requests.verdict import AskedRule, Outcome, asked_rules, rules_so_far
from services.gateway.views import request_details
from tests.unit.gateway.examples import (
    OF_WEIGHTS_ON,
    a_request,
    a_store,
    a_validation,
    rules_beside,
)

UNLICENSED = Reason(code="license-missing", message="It names no license.", advice="Add it.")
UNUSED = Reason(code="chat-template-unused", message="It has one.", advice="Use it.")
CHAT_MODEL = RuleOutcomes(
    kept={"params-over-limit": "7 parameters; at most 9", "model-not-found": ""},
    not_applicable=("delta-precision",),
    undecided=("tokenizer-empty",),
)


def test_every_rule_stands_in_the_order_of_the_book_with_how_it_came_out() -> None:
    assert asked_rules([UNLICENSED], [UNUSED], CHAT_MODEL) == (
        AskedRule("model-not-found", "Model is on the Hub", Outcome.KEPT, ""),
        AskedRule("license-missing", "License is named", Outcome.BROKEN, UNLICENSED.message),
        AskedRule("delta-precision", "Delta is added to floats", Outcome.NOT_APPLICABLE, ""),
        AskedRule("tokenizer-empty", "Tokenizer encodes text", Outcome.UNDECIDED, ""),
        AskedRule(
            "params-over-limit",
            "Parameters are within the limit",
            Outcome.KEPT,
            "7 parameters; at most 9",
        ),
        AskedRule("chat-template-unused", "Chat template is used", Outcome.WARNING, "It has one."),
    )


def test_a_rule_of_a_newer_validator_stands_last_under_its_code() -> None:
    newer = RuleOutcomes(kept={"made-up-later": "7", "model-not-found": ""})

    assert [(one.code, one.title) for one in asked_rules((), (), newer)] == [
        ("model-not-found", "Model is on the Hub"),
        ("made-up-later", "made-up-later"),
    ]


def test_of_a_verdict_from_before_rules_were_told_no_list_is_made() -> None:
    assert asked_rules([UNLICENSED], (), None) == ()


def test_the_api_tells_all_rules_of_a_request() -> None:
    request = a_request(state=RequestState.REJECTED).model_copy(
        update={"reasons": (UNLICENSED,), "rules": rules_beside("license-missing")}
    )

    told = request_details(request, Outlook(a_store(request)))

    assert [one.code for one in told.rules] == list(rule_book())
    assert [one.code for one in told.rules if one.outcome is Outcome.BROKEN] == ["license-missing"]


def test_before_a_validator_has_begun_every_rule_waits() -> None:
    told = rules_so_far(None)

    assert [one.code for one in told] == list(rule_book())
    assert {one.outcome for one in told} == {Outcome.WAITING}


def test_the_api_tells_how_the_rules_come_out_while_they_are_asked() -> None:
    request = a_request(state=RequestState.RECEIVED)
    store = a_store(request)
    outlook = Outlook(store)
    assert request_details(request, outlook).validation is None

    store.put_validation(a_validation(request, broken=(UNLICENSED,)))

    told = request_details(request, outlook).validation
    assert told
    assert told.reading == "the header of the weights"
    assert [one.code for one in told.rules] == list(rule_book())
    outcomes = {one.code: one.outcome for one in told.rules}
    assert outcomes["license-missing"] is Outcome.BROKEN
    assert [code for code, one in outcomes.items() if one is Outcome.WAITING] == list(OF_WEIGHTS_ON)
    assert AskedRule("card-missing", "Card can be read", Outcome.KEPT, "") in told.rules
