from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("tenure", "0004_failed_sign_ins"),
    ]

    operations = [
        migrations.AddField(model_name="shop", name="margin", field=models.FloatField(null=True)),
        migrations.AddField(model_name="shop", name="discount_rate", field=models.FloatField(default=0.1)),
    ]
