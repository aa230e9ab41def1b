class Line:
    # ruleid: money-is-no-float
    unit_price: float
    # ruleid: money-is-no-float
    total: float = 0
    # ok: money-is-no-float
    amount: int
    # ok: money-is-no-float
    seconds_max: float


# ruleid: money-is-no-float
def refund(line, amount: float): ...
# ruleid: money-is-no-float
def pay(line, *, fee: float): ...
# ok: money-is-no-float
def wait(line, seconds: float): ...


# ruleid: money-is-no-float
total = 0.0
# ruleid: money-is-no-float
price = float(given)
# ruleid: money-is-no-float
euros = float(line.amount)
# ruleid: money-is-no-float
gross = amount * 1.19
# ruleid: money-is-no-float
pay(line, fee=1.5)
# ok: money-is-no-float
pay(line, fee=150)
# ok: money-is-no-float
pause = seconds * 1.19

# ruleid: money-is-not-divided
half = line.unit_price / 2
# ruleid: money-is-not-divided
half = charge["amount"] / 2
# ruleid: money-is-not-divided
amount /= 2
# ok: money-is-not-divided
half = amount // 2
# ok: money-is-not-divided
half = seconds / 2
