"""A person's page beyond the pictures: who they are, who they turn out to be, how to speak to them, this moment."""

import re

import pytest
from django.urls import reverse
from sending import Sender, converted

from tenure_app import clock
from tenure_app.insight.stages import STAGES
from tenure_app.ledger.merging import root_of
from tenure_app.ledger.models import Identity, Merge, Person, Trait
from tenure_app.listen.models import Opportunity, Touched
from tenure_app.live.models import Standing
from tenure_app.web.knowing import group_of, suggested_for

SCRIPT = '<script>alert("x")</script>'
PROSPECT, LOYAL = STAGES.index(("prospect", None)), STAGES.index(("loyal", None))


@pytest.fixture
def sender(console):
    """Whoever becomes known over the wire has a number that the made-up shop's pictures do not have."""
    Person.objects.create(pk=9_000, recorded_at=0, draw=0)
    return Sender()


def text_of(answer, status=200):
    assert answer.status_code == status
    return re.sub(r"\s+", " ", answer.content.decode())


def said(sender, *events):
    assert sender.batch(*events).status_code == 200
    converted()


def number_of(user, kind="customer"):
    return root_of(Identity.objects.get(kind=kind, match=user).person_id)


def page_of(person):
    return reverse("customer", args=[person])


def stands(person, code, **more):
    given = {"since_at": 5, "orders": 0, "occasions": 0, "policy": "p", "computed_at": clock.now(), **more}
    return Standing.objects.update_or_create(person_id=person, defaults={"code": code, **given})[0]


# Who they are


def known_on_two_devices(sender):
    for device in ("d1", "d2"):
        said(
            sender, {"type": "page", "anonymousId": device},
            {"type": "identify", "anonymousId": device, "userId": "u1",
             "traits": {"email": "ann@post.example", "name": f"Ann {SCRIPT}"}},
        )  # fmt: skip
    return number_of("u1")


def test_everything_they_are_known_by_stands_on_one_page(owner, sender):
    person = known_on_two_devices(sender)
    assert len(group_of(person)) == 3
    text = text_of(owner.get(page_of(person)))
    for word in ("ann@post.example", "u1", "d1", "d2", "3 numbers of the ledger", "said on this device who they are"):
        assert word in text
    assert SCRIPT not in text
    assert text.count("Looked at a page") == 2


def test_a_number_that_was_merged_leads_to_who_they_are(owner, sender):
    person = known_on_two_devices(sender)
    other = Identity.objects.get(kind="anonymous", match="d2").person_id
    answer = owner.get(page_of(other), {"as_of": "2025-12-01", "all": "1"})
    assert (answer.status_code, answer["Location"]) == (302, f"{page_of(person)}?as_of=2025-12-01&all=1")


def test_an_unmerge_brings_both_back_and_has_both_judged_again(owner, sender):
    person = known_on_two_devices(sender)
    merge = Merge.objects.get(person_id=Identity.objects.get(match="d2").person_id)
    Touched.objects.all().delete()
    answer = owner.post(reverse("customer-unmerge", args=[person]), {"merge": merge.pk})
    assert answer["Location"] == page_of(person)
    assert root_of(merge.person_id) == merge.person_id
    assert set(Touched.objects.values_list("person", flat=True)) == {person, merge.person_id}
    assert len(group_of(person)) == 2
    text = text_of(owner.get(page_of(person)))
    assert f"{merge.person_id} was taken for {person}" in text
    assert f"{merge.person_id} stands for themselves again" in text
    again = owner.post(reverse("customer-unmerge", args=[person]), {"merge": merge.pk})
    assert "no such merge" in text_of(again, 400)


def test_who_shares_an_address_is_suggested_merged_and_once_parted_not_suggested_again(owner, sender):
    said(sender, {"type": "identify", "userId": "a", "traits": {"email": "ann@post.example", "name": "Ann"}})
    said(sender, {"type": "identify", "userId": "b", "traits": {"email": "Ann@Post.example", "name": "Anna"}})
    ann, anna = number_of("a"), number_of("b")
    assert ann != anna
    for one, other in ((ann, anna), (anna, ann)):
        assert [found["person"] for found in suggested_for(group_of(one))] == [other]
    assert "Perhaps the same person" in text_of(owner.get(page_of(ann)))
    answer = owner.post(reverse("customer-merge", args=[ann]), {"other": anna})
    stands_for_both = root_of(ann)
    assert answer["Location"] == page_of(stands_for_both)
    assert root_of(anna) == stands_for_both
    assert Merge.objects.get(ended_at=None).by == "vera"
    assert {ann, anna} & set(Touched.objects.values_list("person", flat=True))
    text = text_of(owner.get(page_of(stands_for_both)))
    assert "somebody said so" in text
    assert "Perhaps the same person" not in text
    owner.post(reverse("customer-unmerge", args=[ann]), {"merge": Merge.objects.get(ended_at=None).pk})
    assert root_of(ann) == ann
    assert root_of(anna) == anna
    assert suggested_for(group_of(ann)) == suggested_for(group_of(anna)) == []


@pytest.mark.parametrize("other", ["", "²", "999999999", "99999999999999999999", "-1"])
def test_nobody_is_merged_with_nobody(owner, sender, other):
    said(sender, {"type": "identify", "userId": "a"})
    page = reverse("customer-merge", args=[number_of("a")])
    assert "there is no customer of this number" in text_of(owner.post(page, {"other": other}), 400)
    assert "one person already" in text_of(owner.post(page, {"other": f"#{number_of('a')}"}), 400)
    assert not Merge.objects.exists()


def test_an_analyst_merges_and_an_outsider_does_not(client_of, sender):
    said(sender, {"type": "identify", "userId": "a"}, {"type": "identify", "userId": "b"})
    page, form = reverse("customer-merge", args=[number_of("a")]), {"other": number_of("b")}
    assert client_of("outsider").post(page, form).status_code == 403
    assert not Merge.objects.exists()
    assert client_of("analyst").post(page, form).status_code == 302
    assert Merge.objects.get().by == "ann"


# How to speak to them


def topics_of(text):
    part = text[text.index("How to speak to them") :]
    return [re.sub(r"<[^>]+>", "", row).strip() for row in re.findall(r"<li>(.*?)</li>", part)]


def test_what_was_stated_holds_before_what_was_guessed_and_the_unknown_is_said(owner, sender):
    said(sender, {
        "type": "identify", "userId": "a", "traits": {"preferredChannel": "SMS", "locale": "nn", "shoe_size": 39},
        "context": {"locale": "de-DE", "timezone": "Europe/Oslo"},
    })  # fmt: skip
    rows = topics_of(text_of(owner.get(page_of(number_of("a")))))
    assert re.match(r"Language *nn *stated, web", rows[0])
    assert re.match(r"Time zone *Europe/Oslo *guessed, web", rows[1])
    assert re.match(r"Preferred channel *SMS *stated", rows[2])
    assert re.match(r"Contact hours *unknown", rows[3])
    assert re.match(r"shoe_size *39 *stated", rows[4])


def test_the_newest_of_what_was_stated_holds_whatever_its_spelling(owner, sender):
    said(sender, {"type": "identify", "userId": "a"})
    person, source = number_of("a"), sender.source
    for name, value, at in (("language", '"de"', 10), ("Language", '"fr"', 30), ("locale", '"nl"', 20)):
        Trait.objects.create(person_id=person, source=source, name=name, value=value, said_at=at, guessed=False)
    Trait.objects.create(person_id=person, source=source, name="language", value='"es"', said_at=99, guessed=True)
    Trait.objects.create(person_id=person, source=source, name="x", value=f'["{SCRIPT[:8]}"]', said_at=1, guessed=False)
    text = text_of(owner.get(page_of(person)))
    assert re.match(r"Language *fr *stated", topics_of(text)[0])
    assert "<script" not in text[text.index("How to speak") :]


def test_the_accounts_they_belong_to_are_named(owner, sender):
    said(sender, {"type": "group", "userId": "a", "groupId": "acme", "traits": {"name": "Acme & sons"}})
    assert "Acme &amp; sons" in text_of(owner.get(page_of(number_of("a"))))


# This moment


def test_where_they_stand_this_moment_is_said_where_the_picture_of_the_day_is_older(owner, sender, console):
    stands(17, LOYAL, since_at=clock.now(), last_order_at=clock.now(), expected_at=clock.now() + 10**12,
           overdue_at=clock.now() + 2 * 10**12, next_at=clock.now() + 2 * 10**12, occasions=2, orders=2)  # fmt: skip
    Opportunity.objects.create(person_id=17, cycle=3, opened_at=clock.now(), expected_at=clock.now() + 10**12)
    text = text_of(owner.get(page_of(17)))
    assert "This morning still" in text
    assert "live, 08:00:00" in text
    assert "Cycle 3 opened 08:00:00." in text
    assert text.count("Loyal <i>since 08:00:00</i>") == 2
    assert "Overdue from" in text
    past = text_of(owner.get(page_of(17), {"as_of": "2025-12-09"}))
    assert "This moment" not in past
    assert "This morning still" not in past


def test_after_an_order_of_today_what_falls_due_follows_from_it(owner, sender, console):
    before = text_of(owner.get(page_of(17)))
    code = STAGES.index(next(
        one for one in STAGES if one[0] == re.search(r"<h2>Why (\w+)</h2>", before)[1] and one[1] in (None, "short")
    ))  # fmt: skip
    stands(17, code, last_order_at=clock.now(), expected_at=clock.now() + 40 * 86_400_000_000, orders=9, occasions=9)
    Opportunity.objects.create(person_id=17, cycle=10, opened_at=clock.now())
    text = text_of(owner.get(page_of(17)))
    assert text.count("Cycle 10 opened 08:00:00.") == 2
    assert "in 40 days" in text
    assert "This morning still" not in text or code in (4, 7)


def test_the_moment_asks_again_and_is_answered_only_when_there_is_news(owner, sender):
    said(sender, {"type": "identify", "userId": "a"})
    person = number_of("a")
    whole = owner.get(page_of(person)).content.decode()
    again = re.search(r'hx-get="([^"]+)"', whole)[1].replace("&amp;", "&")
    assert owner.get(again).status_code == 204
    said(sender, sender.order(1, user="a"))
    part = owner.get(again).content.decode()
    assert part.startswith('<section class="sec" id="live"')
    assert "€20" in part
    again = re.search(r'hx-get="([^"]+)"', part)[1].replace("&amp;", "&")
    assert owner.get(again).status_code == 204
    stands(person, LOYAL)
    assert "Loyal" in owner.get(again).content.decode()
    assert owner.get(reverse("customer-live", args=[10**9])).status_code == 404


def test_who_is_not_in_the_pictures_yet_has_a_page_and_nobody_has_none(owner, sender):
    said(sender, {"type": "identify", "userId": "a", "traits": {"name": "Ann"}}, {"type": "page", "anonymousId": "d"})
    text = text_of(owner.get(page_of(number_of("a"))))
    assert "The pictures of the day do not have them yet" in text
    assert "<h1><bdi>Ann</bdi></h1>" in text
    assert "Not among the customers of 1 March 2025" in text_of(
        owner.get(page_of(number_of("a")), {"as_of": "2025-03-01"})
    )
    visitor = number_of("d", "anonymous")
    text = text_of(owner.get(page_of(visitor)))
    assert f"Visitor {visitor}" in text
    assert "only the device is known" in text
    assert owner.get(page_of(10**9)).status_code == 404
    assert owner.get(page_of(10**30)).status_code == 404


def test_before_there_are_pictures_at_all_people_have_pages(owner, sender):
    said(sender, {"type": "identify", "userId": "a"})
    text = text_of(owner.get(page_of(number_of("a")), {"as_of": "2001-01-01"}))
    assert "Not among the customers of 1 January 2001" in text


def test_a_prospect_has_how_far_on_they_are(owner, sender):
    said(sender, {"type": "identify", "userId": "a"}, {"event": "Checkout Started", "userId": "a"})
    person = number_of("a")
    stands(person, PROSPECT)
    # what happens at this very instant is not known yet
    assert "Awareness: Known, nothing seen." in text_of(owner.get(page_of(person)))
    said(sender, {"event": "Checkout Started", "userId": "a", "timestamp": "2026-09-21T13:03:20.000Z"})
    assert "Decision: Began to check out, once." in text_of(owner.get(page_of(person)))
    stands(person, LOYAL)
    assert "Decision:" not in text_of(owner.get(page_of(person)))
