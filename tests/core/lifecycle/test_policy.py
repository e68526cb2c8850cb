"""The policy file: one spelling, one hash, and one clear line for whatever is wrong."""

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.errors import BadPolicy
from tenure.events import KINDS
from tenure.lifecycle import policy_keys
from tenure.lifecycle.policy import DEFAULT, RULE_KINDS, Policy, Rule, Scope, Season, dumps, load

DOCS = Path(__file__).parents[3] / "docs"


def read(tmp_path: Path, text: str | bytes) -> Policy:
    path = tmp_path / "shop.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path)


def refusal(tmp_path: Path, text: str | bytes) -> str:
    """The message without the file's name, which it must start with; one line."""
    with pytest.raises(BadPolicy) as found:
        read(tmp_path, text)
    message = str(found.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(f"{tmp_path / 'shop.toml'}: ")
    return message.removeprefix(f"{tmp_path / 'shop.toml'}: ")


def test_the_default_is_what_the_rules_page_says():
    assert Policy() == DEFAULT
    assert DEFAULT.rule == Rule(
        kind="rhythm", odds=(1, 0.4, 0.15), first_floor=0.5, first_floors=(1, 1.5, 2), floors=(0.9, 0.95, 0.99),
        caps=(0.95, 0.99, 0.999), quantiles=(0.9, 0.95, 0.99), days=(90, 180, 365),
    )
    assert (DEFAULT.active_from, DEFAULT.loyal_from, DEFAULT.restart_after) == (2, 3, "never")
    assert (DEFAULT.activity, DEFAULT.learn, DEFAULT.lead_days) == (("order.placed",), True, 14)


@pytest.mark.parametrize("text", ["", "# nothing\n", "[stages]\n", "\ufeff[rhythm]\nodds = [1.0, 0.4, 0.15]\n"])
def test_a_file_that_says_nothing_new_is_the_default(tmp_path, text):
    assert read(tmp_path, text) == DEFAULT
    assert read(tmp_path, text).hash == DEFAULT.hash == "7064c5c34611"


FULL = """
[stages]
active_from = 3
loyal_from = 5
restart_after = "inactive"
activity = ["order.placed", "product.used"]
[rhythm]
kind = "quantile"
quantiles = [0.8, 0.9, 0.95]
[[scope]]
category = "boots"
odds = [2, 1, 0.5]
[[scope]]
region = "Chile"
kind = "window"
days = [30, 60.5, 90]
[seasons]
learn = false
lead_days = 20
[[season]]
category = "boots"
months = [10, 11, 12, 1, 2]
[[season]]
region = "Chile"
weights = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2.5]
hemisphere = "south"
lead_days = 3
[regions]
Chile = "south"
"New Zealand" = "south"
"""


def test_every_key_is_read_and_entries_inherit(tmp_path):
    rule = Rule(kind="quantile", quantiles=(0.8, 0.9, 0.95))
    assert read(tmp_path, FULL) == Policy(
        active_from=3, loyal_from=5, restart_after="inactive", activity=("order.placed", "product.used"), rule=rule,
        scopes=(
            Scope(category="boots", rule=replace(rule, odds=(2, 1, 0.5))),
            Scope(region="Chile", rule=replace(rule, kind="window", days=(30, 60.5, 90))),
        ),
        seasons=(
            Season(category="boots", months=(10, 11, 12, 1, 2), lead_days=20),
            Season(region="Chile", weights=(1, *[0] * 10, 2.5), hemisphere="south", lead_days=3),
        ),
        regions=(("Chile", "south"), ("New Zealand", "south")), learn=False, lead_days=20,
    )


def test_the_hash_does_not_depend_on_how_a_policy_is_written(tmp_path):
    tables = re.split(r"\n(?=\[)", FULL.strip())
    headed = [table.split("\n") for table in reversed(tables)]
    turned = "\n\n".join("\n".join([header, *reversed(keys)]) for header, *keys in headed)
    turned = turned.replace("0.8,", "8.0e-1 ,").replace("[2, 1,", "[2.0, 1.0,")
    turned = turned.replace("[10, 11, 12, 1, 2]", "[1, 2, 12, 11, 10]").replace("[1, 0, 0", "[1, -0.0, 0")
    turned = turned.replace('"order.placed", "product.used"', '"product.used", "order.placed"')
    assert turned != FULL
    assert read(tmp_path, turned).hash == read(tmp_path, FULL).hash


def test_every_value_changes_the_hash():
    rule = {
        "kind": "chance", "model": "pareto_nbd", "odds": (1, 0.4, 0.1), "first_floor": 0.6, "first_floors": (1, 1, 2),
        "floors": (0.8, 0.95, 0.99), "caps": (0.96, 0.99, 0.999),
        "quantiles": (0.8, 0.95, 0.99), "days": (90, 180, 366),
    }
    season = {
        "category": "boots", "region": "Oslo", "months": (1, 2), "weights": (1,) * 12, "hemisphere": "south",
        "lead_days": 9,
    }
    policy = {
        "active_from": 3, "loyal_from": 4, "restart_after": "inactive", "activity": ("order.placed", "page.viewed"),
        "scopes": (Scope("boots"),), "seasons": (Season(months=(1,)),), "regions": (("Oslo", "north"),), "learn": False,
        "lead_days": 15,
    }
    plain = Season(months=(1,))
    changed = [
        *(replace(DEFAULT, rule=Rule(**{key: value})) for key, value in rule.items()),
        *(replace(DEFAULT, scopes=(Scope("boots", rule=Rule(**{key: value})),)) for key, value in rule.items()),
        *(replace(DEFAULT, seasons=(replace(plain, **{key: value}),)) for key, value in season.items()),
        *(replace(DEFAULT, **{"loyal_from": 5, key: value}) for key, value in policy.items()),
        replace(DEFAULT, scopes=(Scope("boots"), Scope(None, "boots"))),
    ]
    assert [*rule] == [one.name for one in fields(Rule)]
    assert [*season] == [one.name for one in fields(Season)]
    assert {*policy, "rule"} == {one.name for one in fields(Policy)}
    assert len({one.hash for one in [DEFAULT, *changed]}) == 1 + 9 + 9 + 6 + 9 + 1


WRONG = {
    "[stages]\nactive_from = 1": "[stages] active_from = 1: must be a whole number from 2 to 1000",
    "[stages]\nactive_from = true": "[stages] active_from = true: must be a whole number from 2 to 1000",
    "[stages]\nactive_from = 2.0": "[stages] active_from = 2.0: must be a whole number from 2 to 1000",
    "[stages]\nactive_from = 3": "[stages] loyal_from = 3: must be above active_from (3)",
    "[stages]\nrestart_after = 'always'": '[stages] restart_after = "always": must be one of never, inactive',
    "[stages]\nactivity = ['order.paid']":
        '[stages] activity = ["order.paid"]: must be kinds of events, each once, order.placed among them',
    "[stages]\nactivity = ['page.viewed']":
        '[stages] activity = ["page.viewed"]: must be kinds of events, each once, order.placed among them',
    "[stages]\nactivity = 'order.placed'":
        '[stages] activity = "order.placed": must be kinds of events, each once, order.placed among them',
    "[stages]\nactiv_from = 1": '[stages] "activ_from": no such key; the nearest known is active_from',
    "[stages]\nodds = [1, 1, 1]": '[stages] "odds": no such key; it belongs in [rhythm] or [[scope]]',
    "[stages]\nxyz = 1":
        '[stages] "xyz": no such key; known are active_from, loyal_from, restart_after, activity',
    "[rythm]\nkind = 'chance'": '"rythm": no such table; the nearest known is rhythm',
    '"a\\nb" = 1': '"a\\nb": no such table; known are stages, rhythm, scope, seasons, season, regions',
    "active_from = 2": '"active_from": no such table; it belongs in [stages]',
    "[[stages]]\nactive_from = 2": 'stages = [{"active_from": 2}]: must be a table, written [stages]',
    "[scope]\nregion = 'x'": 'scope = {"region": "x"}: must be a table, written [[scope]]',
    "scope = [1]": "[[scope]] 1 = 1: must be a table, written [[scope]]",
    "[rhythm]\nkind = 'magic'": '[rhythm] kind = "magic": must be one of rhythm, quantile, chance, window',
    "[rhythm]\nodds = [0.4, 1, 0.15]": f"[rhythm] odds = [0.4, 1, 0.15]: must be {policy_keys.RULE['odds'].says}",
    "[rhythm]\nodds = [5.1, 1, 0.15]": f"[rhythm] odds = [5.1, 1, 0.15]: must be {policy_keys.RULE['odds'].says}",
    "[rhythm]\nodds = [3, 2, 0.15]": f"[rhythm] odds = [3, 2, 0.15]: must be {policy_keys.RULE['odds'].says}",
    "[rhythm]\nodds = [1, 0.4, 0]": f"[rhythm] odds = [1, 0.4, 0]: must be {policy_keys.RULE['odds'].says}",
    "[rhythm]\nodds = [1, 0.4]": f"[rhythm] odds = [1, 0.4]: must be {policy_keys.RULE['odds'].says}",
    "[rhythm]\nodds = [1, nan, 0.1]": f"[rhythm] odds = [1, NaN, 0.1]: must be {policy_keys.RULE['odds'].says}",
    "[rhythm]\nodds = 1": f"[rhythm] odds = 1: must be {policy_keys.RULE['odds'].says}",
    "[rhythm]\nfirst_floor = 1": "[rhythm] first_floor = 1: must be a quantile above 0 and below 1",
    "[rhythm]\nfirst_floors = [1, 0.5, 2]":
        "[rhythm] first_floors = [1, 0.5, 2]: must be three numbers above 0, at most 100, that do not fall",
    "[rhythm]\nfloors = [0.9, 0.8, 0.99]":
        "[rhythm] floors = [0.9, 0.8, 0.99]: must be three quantiles above 0 and below 1 that do not fall",
    "[rhythm]\nfloors = [0.9, 0.95, 1]":
        "[rhythm] floors = [0.9, 0.95, 1]: must be three quantiles above 0 and below 1 that do not fall",
    "[rhythm]\ncaps = [0.8, 0.99, 0.999]": "[rhythm] caps = [0.8, 0.99, 0.999]: must be three quantiles, none below its"
        " floor (floors = [0.9, 0.95, 0.99])",
    "[rhythm]\nquantiles = [0.9, '0.95', 0.99]":
        '[rhythm] quantiles = [0.9, "0.95", 0.99]: must be three quantiles above 0 and below 1 that do not fall',
    "[rhythm]\ndays = [0, 1, 2]":
        "[rhythm] days = [0, 1, 2]: must be three numbers of days above 0, at most 36525, that do not fall",
    "[rhythm]\ndays = [1, 2, 1e9]":
        "[rhythm] days = [1, 2, 1000000000.0]: must be three numbers of days above 0, at most 36525, that do not fall",
    "[[scope]]\nkind = 'chance'":
        "[[scope]] 1 category, region = nothing: must name at least one; the rule for everybody is [rhythm]",
    "[[scope]]\ncategory = ' '": '[[scope]] 1 category = " ": must be a text that is not empty',
    "[[scope]]\nregion = 'a'\n[[scope]]\nregion = 'b'\ncaps = [0.5, 0.99, 0.999]":
        "[[scope]] 2 caps = [0.5, 0.99, 0.999]: must be three quantiles, none below its floor"
        " (floors = [0.9, 0.95, 0.99])",
    "[[scope]]\nregion = 'a'\n[[scope]]\nregion = 'a'\nkind = 'chance'":
        '[[scope]] 2 region = "a": must be named once, found twice',
    "[[season]]\nmonths = [1]\n[[season]]\nmonths = [2]":
        "[[season]] 2 the whole shop: must be named once, found twice",
    "[[season]]\nmonths = [10, 13]": "[[season]] 1 months = [10, 13]: must be whole numbers from 1 to 12, each once",
    "[[season]]\nmonths = [10, 10]": "[[season]] 1 months = [10, 10]: must be whole numbers from 1 to 12, each once",
    "[[season]]\nmonths = []":
        "[[season]] 1 months, weights = nothing: must have months, twelve weights or both",
    "[[season]]\nweights = [1, 2]": f"[[season]] 1 weights = [1, 2]: must be {policy_keys.SEASON['weights'].says}",
    "[[season]]\nweights = [0,0,0,0,0,0,0,0,0,0,0,0]": "[[season]] 1 weights = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]: "
        f"must be {policy_keys.SEASON['weights'].says}",
    "[[season]]\nweights = [1,1,1,1,1,1,1,1,1,1,1,-1]": "[[season]] 1 weights = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1]: "
        f"must be {policy_keys.SEASON['weights'].says}",
    "[[season]]\nmonths = [1]\nhemisphere = 'up'": '[[season]] 1 hemisphere = "up": must be one of north, south',
    "[[season]]\nmonths = [1]\nlead_days = 181": "[[season]] 1 lead_days = 181: must be a whole number from 0 to 180",
    "[[season]]\nmonth = [1]": '[[season]] 1 "month": no such key; the nearest known is months',
    "[seasons]\nlead_days = -1": "[seasons] lead_days = -1: must be a whole number from 0 to 180",
    "[seasons]\nlearn = 1": "[seasons] learn = 1: must be true or false",
    "[seasons]\nmonths = [1]": '[seasons] "months": no such key; it belongs in [[season]]',
    "[regions]\nChile = 'down'": '[regions] Chile = "down": must be one of north, south',
    "[stages]\nactive_from = 2\nloyal_from = x": "not TOML: Invalid value (at line 3, column 14)",
    b"[stages]\n# caf\xe9": "byte 15 is not UTF-8: must be a text file saved as UTF-8",
    f"[stages]\nactive_from = {'9' * 5000}":
        "a number in it is too long, or its brackets are nested too deeply, to be a policy",
    f"stages = {'[' * 100_000}": "a number in it is too long, or its brackets are nested too deeply, to be a policy",
    f"[stages]\nactive_from = {'9' * 400}":
        f"[stages] active_from = {'9' * 57}...: must be a whole number from 2 to 1000",
    f"[rhythm]\nfirst_floor = {'9' * 400}":
        f"[rhythm] first_floor = {'9' * 57}...: must be a quantile above 0 and below 1",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items(), ids=[str(one)[:40] for one in WRONG])
def test_a_wrong_file_is_refused_with_place_finding_and_what_is_allowed(tmp_path, text, message):
    assert refusal(tmp_path, text) == message


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(BadPolicy) as missing:
        load(tmp_path / "none.toml")
    with pytest.raises(BadPolicy) as folder:
        load(tmp_path)
    assert str(missing.value) == f"{tmp_path / 'none.toml'}: no such file; the default policy needs none"
    assert str(folder.value) == f"{tmp_path}: cannot be read: Is a directory"


def test_values_made_in_python_are_checked_too():
    with pytest.raises(BadPolicy, match=r"^odds = \[1, 0\.4\]: must be three numbers"):
        Rule(odds=(1, 0.4))
    with pytest.raises(BadPolicy, match=r"must be pairs of a region and north or south, each region once$"):
        Policy(regions=(("Chile", "south"), ("Chile", "north")))
    assert Rule(odds=[1, 1, 1]).odds == (1.0, 1.0, 1.0)


def test_the_most_specific_scope_wins():
    scopes = (Scope(region="south"), Scope(category="boots", region="south"), Scope(category="boots"))
    shop = Policy(scopes=scopes)
    asked = [("boots", "south"), ("boots", "north"), ("boots", None), ("shoes", "south"), (None, "south"), (None, None)]
    assert [shop.scope_for(*one) for one in asked] == [2, 3, 3, 1, 1, 0]
    assert Policy(scopes=scopes[:1] + scopes[2:]).scope_for("boots", "south") == 2
    assert shop.rule_at(0) is shop.rule
    assert shop.rule_at(2) is shop.scopes[1].rule


def test_a_season_shifts_for_regions_of_the_other_hemisphere_unless_it_names_them():
    shop_wide = Season(months=(12,))
    boots, chile = Season(category="boots", months=(1,)), Season(category="boots", region="Chile", months=(6,))
    southern = Season(category="sandals", months=(12, 1), hemisphere="south")
    regions = (("Chile", "south"), ("Peru", "south"), ("Oslo", "north"))
    shop = Policy(seasons=(shop_wide, boots, chile, southern), regions=regions)
    assert shop.season_for("boots", "Chile") == (chile, False)
    assert shop.season_for("boots", "Peru") == (boots, True)
    assert shop.season_for("boots", "Oslo") == (boots, False)
    assert shop.season_for("boots", "Atlantis") == (boots, False)
    assert shop.season_for("boots", None) == (boots, False)
    assert shop.season_for("sandals", "Peru") == (southern, False)
    assert shop.season_for("sandals", "Oslo") == (southern, True)
    assert shop.season_for(None, "Peru") == (shop_wide, True)
    assert Policy(seasons=(boots,)).season_for("shoes", None) == (None, False)


shares = st.floats(0.001, 0.999)
three_shares = st.tuples(shares, shares, shares).map(sorted)
names = st.none() | st.text(min_size=1).filter(str.strip)
rules = st.builds(
    lambda low, high, **rest: Rule(floors=[*map(min, low, high)], caps=[*map(max, low, high)], **rest),
    low=three_shares, high=three_shares, kind=st.sampled_from(RULE_KINDS), first_floor=shares, quantiles=three_shares,
    odds=st.tuples(st.floats(1, 5), shares, shares).map(lambda three: sorted(three, reverse=True)),
    first_floors=three_shares, days=st.tuples(*[st.floats(0.5, 9999) | st.integers(1, 999)] * 3).map(sorted),
)
seasons = st.builds(
    Season, category=names, region=names, months=st.lists(st.integers(1, 12), min_size=1, unique=True),
    weights=st.none() | st.lists(st.floats(0.001, 1000), min_size=12, max_size=12),
    hemisphere=st.sampled_from(["north", "south"]), lead_days=st.integers(0, 180),
)
scopes = st.builds(Scope, category=names, region=st.text(min_size=1).filter(str.strip), rule=rules)
policies = st.builds(
    Policy, active_from=st.integers(2, 9), loyal_from=st.integers(10, 99),
    restart_after=st.sampled_from(["never", "inactive"]),
    activity=st.sets(st.sampled_from(sorted(KINDS))).map(lambda kinds: sorted(kinds | {"order.placed"})), rule=rules,
    scopes=st.lists(scopes, max_size=3, unique_by=lambda one: (one.category, one.region)),
    seasons=st.lists(seasons, max_size=3, unique_by=lambda one: (one.category, one.region)),
    regions=st.dictionaries(st.text(min_size=1).filter(str.strip), st.sampled_from(["north", "south"]), max_size=3)
    .map(lambda found: tuple(found.items())),
    learn=st.booleans(), lead_days=st.integers(0, 180),
)


@given(policies)
def test_what_is_written_reads_back_equal(tmp_path_factory, policy):
    path = tmp_path_factory.mktemp("policy") / "shop.toml"
    path.write_bytes(dumps(policy).encode())
    assert load(path) == policy
    assert load(path).hash == policy.hash


def test_only_what_differs_is_written(tmp_path):
    written = dumps(read(tmp_path, FULL))
    assert read(tmp_path, written) == read(tmp_path, FULL)
    head, body = written.split("\n\n", 1)
    assert [line[0] for line in head.split("\n")] == ["#", "#"]
    assert body.replace("\n\n", "\n").strip() == FULL.strip()
    assert dumps(DEFAULT) == (
        "# Tenure policy 7064c5c34611.\n"
        "# What is not written here is as in the default; docs/reference/policy.md lists every key.\n"
    )


ROW = r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$"


def test_the_page_lists_every_key_with_default_and_what_is_allowed():
    page = (DOCS / "reference" / "policy.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## `\[+(\w+)\]+`.*?\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    assert list(sections) == list(policy_keys.TABLES)
    assert f"`{DEFAULT.hash}`" in page
    bases = {"stages": DEFAULT, "rhythm": DEFAULT.rule, "seasons": DEFAULT}
    for table, keys in policy_keys.TABLES.items():
        rows = {row[0]: row[1:] for row in re.findall(ROW, sections[table], re.MULTILINE)}
        assert list(rows) == [key for key in keys if table != "scope" or key in policy_keys.PLACE], table
        for key, (_, default, _, allowed) in rows.items():
            assert allowed.startswith(keys[key].says), key
            if table in bases:
                assert default.strip("`") == shown(getattr(bases[table], key)), key


def shown(value: object) -> str:
    """A default as the page writes it."""
    if isinstance(value, tuple):
        return f"[{', '.join(shown(one) for one in value)}]"
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def test_the_keys_are_the_fields():
    assert list(policy_keys.RULE) == [one.name for one in fields(Rule)]
    assert list(policy_keys.SEASON) == [one.name for one in fields(Season)]
    said = {*policy_keys.STAGES, *policy_keys.SEASONS, "rule", "scopes", "seasons", "regions"}
    assert said == {one.name for one in fields(Policy)}
