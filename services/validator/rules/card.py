"""What the model says about itself."""

from services.validator.rules.rule import KEPT, UNDECIDED, Broken, Case, Kept, Outcome, rule

LEAST_CHARACTERS = 200


@rule(
    "card-missing",
    title="Card can be read",
    advice="Write a README.md in UTF-8, with metadata in YAML between two lines of `---` at its"
    " top.",
)
def has_a_card(case: Case) -> Outcome:
    """README.md is there at the submitted commit, is text, and its metadata is YAML."""
    fault = case.facts.submitted.card_fault
    if fault:
        return Broken(f"The model card cannot be read: {fault}")
    return KEPT if case.facts.submitted.card else UNDECIDED


@rule(
    "license-missing",
    title="License is named",
    advice="Add `license:` with an identifier such as `apache-2.0` to the metadata at the top of"
    " README.md, or `license_name:` together with `license_link:`.",
)
def is_licensed(case: Case) -> Outcome:
    """The card names a licence: `license`, or `license_name` together with `license_link`. With
    `license: other` it takes those two as well."""
    card = case.facts.submitted.card
    if card is None:
        return UNDECIDED
    if card.license_name and card.license_link:
        return Kept(card.license_named)
    own = {"license_name": card.license_name, "license_link": card.license_link}
    lacking = " and ".join(f"`{key}`" for key, value in own.items() if not value)
    if card.is_of_other_license:
        return Broken(
            f"The model card says `license: {card.license}`, and has no {lacking} beside it."
        )
    if card.license:
        return Kept(card.license)
    if card.license_name:
        return Broken(
            f"The model card names a license of its own, {card.license_name!r}, without {lacking}."
        )
    return Broken("The model card names no license.")


@rule(
    "card-too-short",
    title="Card describes the model",
    advice="Describe below the metadata of README.md what the model is, how it was made and what"
    " it is for.",
)
def describes_the_model(case: Case) -> Outcome:
    """The card has at least 200 characters of text below its metadata."""
    card = case.facts.submitted.card
    if card is None:
        return UNDECIDED
    if card.characters >= LEAST_CHARACTERS:
        return Kept(f"{card.characters:,} characters; at least {LEAST_CHARACTERS}")
    return Broken(
        f"The model card has {card.characters} characters of text below its metadata; at least"
        f" {LEAST_CHARACTERS} are needed."
    )
