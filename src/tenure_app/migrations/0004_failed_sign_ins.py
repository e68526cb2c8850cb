from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("tenure", "0003_people_found_by_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="FailedSignIn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("who", models.CharField(max_length=64)),
                ("at", models.BigIntegerField()),
            ],
            options={"indexes": [models.Index(fields=["who", "at"], name="failures_of_somebody")]},
        ),
    ]
