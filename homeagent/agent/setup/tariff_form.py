"""What the guided set-up asks of a tariff on top of the market's price, and how it stands in the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeagent.domain.errors import InputError, Issue

PER_CENT = 100.0
YES = "yes"
FIELDS: Mapping[str, tuple[str, str]] = {
    "markup_per_kwh": ("What your supplier adds to each kWh", "per kWh, before VAT"),
    "grid_fee": ("Grid fee", "per kWh, before VAT"),
    "tax_per_kwh": ("Taxes and levies", "per kWh, before VAT"),
    "vat": ("VAT", "%"),
}
INCLUDES_VAT = "spot_includes_vat"


def form_of(values: Mapping[str, Any], parts: Mapping[str, float | bool], currency: str) -> Mapping[str, object] | None:
    """Return the form's fields with what they hold now; None where the price is no market price."""
    imports = values.get("prices", {}).get("import")
    if imports is None or not _has_spot(imports):
        return None
    present = imports if isinstance(imports, Mapping) else {}
    held = {name: present.get(name, parts.get(name, 0.0)) for name in FIELDS}
    fields = [
        {
            "key": name,
            "text": text,
            "unit": unit if name == "vat" else f"{currency} {unit}",
            "value": round(held[name] * (PER_CENT if name == "vat" else 1.0), 6) if _number(held[name]) else None,
        }
        for name, (text, unit) in FIELDS.items()
    ]
    return {"fields": fields, INCLUDES_VAT: bool(present.get(INCLUDES_VAT, False))}


def composed(texts: Mapping[str, str]) -> dict[str, float | bool]:
    """Return the parts of a tariff from a form's texts; what is empty or 0 is left out.

    Raises:
        InputError: a field is no number.
    """
    parts: dict[str, float | bool] = {}
    issues = []
    for name, (text, unit) in FIELDS.items():
        given = texts.get(name, "").strip().replace(",", ".")
        try:
            value = float(given) if given else 0.0
        except ValueError:
            issues.append(Issue(path=text, message="is no number", found=repr(given), remedy=f"write it in {unit}"))
            continue
        if value:
            parts[name] = value / PER_CENT if name == "vat" else value
    if issues:
        raise InputError("tariff", tuple(issues))
    if texts.get(INCLUDES_VAT) == YES and "vat" in parts:
        parts[INCLUDES_VAT] = True
    return parts


def with_tariff(values: Mapping[str, Any], parts: Mapping[str, float | bool]) -> dict[str, Any]:
    """Return a configuration's values with the parts of the tariff added to the market's price of import."""
    prices = values.get("prices", {})
    imports = prices.get("import")
    if not parts or imports is None or not _has_spot(imports):
        return dict(values)
    base = dict(imports) if isinstance(imports, Mapping) else {"spot": imports}
    return {**values, "prices": {**prices, "import": base | dict(parts)}}


def _has_spot(imports: object) -> bool:
    return "spot" in imports if isinstance(imports, Mapping) else isinstance(imports, str | list)


def _number(value: object) -> bool:
    return isinstance(value, int | float)
