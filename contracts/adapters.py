"""Which adapters can be merged into their base model, and so be evaluated."""

MERGED_TYPES = frozenset(
    {
        "LORA",
        "ADALORA",
        "LOHA",
        "LOKR",
        "IA3",
        "OFT",
        "BOFT",
        "VERA",
        "HRA",
        "LN_TUNING",
        "FOURIERFT",
        "RANDLORA",
        "MISS",
    }
)
"""PEFT's names of the types that change weights by what is in their own file. Others prepend
virtual tokens, route between experts, or load further models from paths that the configuration
names."""

REFUSED_OPTIONS = {
    "layer_replication": "which PEFT merges wrongly",  # copies of a layer share its weights
    "alora_invocation_tokens": "which is not active for all tokens",
    "megatron_config": "which loads a module that the file names",
}
"""Options of adapter_config.json that must not be set, and why."""
