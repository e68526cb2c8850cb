from itertools import islice

from django.db import migrations, models

NAMES = ("name", "company", "username")
KEYS = ("email", "phone", "customer")


def fill(apps, schema_editor):
    """As ledger/sql/intake.sql folds what is new."""
    identities = apps.get_model("tenure", "Identity").objects
    rows = identities.filter(kind__in=NAMES + KEYS).order_by("pk").only("pk", "kind", "value", "match").iterator(2_000)
    while some := list(islice(rows, 2_000)):
        for one in some:
            if one.kind in NAMES:
                words = one.value.lower().split()
                one.folded = " ".join(words)
                one.turned = " ".join([words[-1], *words[:-1]]) if one.kind == "name" and len(words) > 1 else None
            else:
                one.folded = one.match.lower() if one.match is not None else None
        identities.bulk_update(some, ["folded", "turned"])


class Migration(migrations.Migration):

    dependencies = [
        ("tenure", "0002_the_hash_keys_mark"),
    ]

    operations = [
        migrations.AddField("identity", "folded", models.TextField(null=True)),
        migrations.AddField("identity", "turned", models.TextField(null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            "identity",
            models.Index(
                fields=["folded"], name="identity_by_folded", opclasses=["text_pattern_ops"],
                condition=models.Q(("folded__isnull", False)),
            ),
        ),
        migrations.AddIndex(
            "identity",
            models.Index(
                fields=["turned"], name="identity_by_turned", opclasses=["text_pattern_ops"],
                condition=models.Q(("turned__isnull", False)),
            ),
        ),
    ]
