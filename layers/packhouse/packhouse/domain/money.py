from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the currency's smallest unit (cents), never a float."""

    amount: int
    currency: str = "usd"

    def times(self, quantity: int) -> "Money":
        return Money(self.amount * quantity, self.currency)
