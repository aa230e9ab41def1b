from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the currency's smallest unit (cents), never a float."""

    amount: int
    currency: str = "usd"

    def times(self, quantity: int) -> "Money":
        return Money(self.amount * quantity, self.currency)

    def __str__(self) -> str:
        """As a person reads it: `36.00 USD`."""
        return f"{self.amount // 100}.{self.amount % 100:02} {self.currency.upper()}"
