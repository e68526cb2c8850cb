"""A client of a Tenure server's API, of the standard library alone.

    from tenure.client import Client

    shop = Client("https://tenure.example.com", key="tk_…")
    for customer in shop.list_customers(stage="lapsed"):
        print(customer["id"], customer["identities"])
    shop.send_events("till", [{"key": "1", "kind": "order.placed", "customer": "C1", "amount_minor": 1999}])

A method an operation, by its name in the API's document; lists come as iterators that turn the pages; answers are
dictionaries whose types are in `tenure.client.answers`. What is refused is an `ApiError`.
"""

from tenure.client.asking import ApiError, Conflict, Invalid, NotAllowed, NotThere, TooMany, Unavailable
from tenure.client.operations import Client

__all__ = ["ApiError", "Client", "Conflict", "Invalid", "NotAllowed", "NotThere", "TooMany", "Unavailable"]
