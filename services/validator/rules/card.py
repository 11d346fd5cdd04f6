"""What the model says about itself."""

from services.validator.rules.rule import Case, rule

LEAST_CHARACTERS = 200


@rule(
    "card-missing",
    advice="Write a README.md in UTF-8, with metadata in YAML between two lines of `---` at its"
    " top.",
)
def has_a_card(case: Case) -> str | None:
    """README.md is there at the submitted commit, is text, and its metadata is YAML."""
    fault = case.facts.submitted.card_fault
    return f"The model card cannot be read: {fault}" if fault else None


@rule(
    "license-missing",
    advice="Add `license:` with an identifier such as `apache-2.0` to the metadata at the top of"
    " README.md, or `license_name:` together with `license_link:`.",
)
def is_licensed(case: Case) -> str | None:
    """The card names a licence: `license`, or `license_name` together with `license_link`. With
    `license: other` it takes those two as well."""
    card = case.facts.submitted.card
    if card is None or (card.license_name and card.license_link):
        return None
    own = {"license_name": card.license_name, "license_link": card.license_link}
    lacking = " and ".join(f"`{key}`" for key, value in own.items() if not value)
    if card.is_of_other_license:
        return f"The model card says `license: {card.license}`, and has no {lacking} beside it."
    if card.license:
        return None
    if card.license_name:
        return (
            f"The model card names a license of its own, {card.license_name!r}, without {lacking}."
        )
    return "The model card names no license."


@rule(
    "card-too-short",
    advice="Describe below the metadata of README.md what the model is, how it was made and what"
    " it is for.",
)
def describes_the_model(case: Case) -> str | None:
    """The card has at least 200 characters of text below its metadata."""
    card = case.facts.submitted.card
    if card is None or card.characters >= LEAST_CHARACTERS:
        return None
    return (
        f"The model card has {card.characters} characters of text below its metadata; at least"
        f" {LEAST_CHARACTERS} are needed."
    )
