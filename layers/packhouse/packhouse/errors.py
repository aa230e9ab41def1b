"""Every refusal is a class. What never changes stands on the class, and the facts are its fields.

Refusal
├── 400 MalformedRequest, IdempotencyKeyMissing, SignatureInvalid
├── 401 Unauthenticated
├── 402 LicensesExhausted
├── 403 NotPermitted
├── 404 NotFound
├── 409 AssignmentRequired, StartTooScattered, ProjectNotActive, ProjectHasOpenRuns, LeaseEnded, RunAlreadySettled,
│       PackNotUsable, EntitlementUsed, ParentNotRetryable, RetriesExhausted, OrderNotOpen, PriceChanged,
│       CheckoutSuperseded
├── 413 TooLarge   415 UnsupportedMediaType
├── 422 InvalidRequest, IdempotencyKeyReused, UnknownSku, TooManyLicensesForItem, ServiceNotCovered,
│   │   CardMaximumExceeded, PaymentRejected, AnswerTooLarge, ErrorsNotOfParent
│   └── InvalidRequest, found by a rule: UserMissing, NotAssignable, MoreUsedThanHeld
├── 429 TooManyAttempts
├── 500 InternalError   502 PaymentProviderUnavailable
└── 503 TryAgain
"""

from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from packhouse.domain.coverage import Need, Purchase
    from packhouse.domain.licenses import Price
    from packhouse.domain.money import Money
    from packhouse.domain.orders import OrderStatus
    from packhouse.domain.packs import PackStanding
    from packhouse.domain.projects import ProjectState
    from packhouse.domain.runs import Returned, Run, RunState


@dataclass_transform(kw_only_default=True, eq_default=False)
class Refusal(Exception):
    """Why a request isn't done.

    The annotated names of a subclass are its fields. They are given by keyword where it is raised, as those of a
    dataclass are. (Real dataclasses would cost each cold start 2 ms.) `sentence` words them.
    """

    status: ClassVar[HTTPStatus]
    slug: ClassVar[str]
    title: ClassVar[str]
    sentence: ClassVar[str]

    def __init__(self, **fields: object) -> None:
        super().__init__()
        vars(self).update(fields)

    def __str__(self) -> str:
        return self.sentence.format_map(vars(self))

    @classmethod
    def fields(cls) -> list[str]:
        """The names of the fields, in the order in which a problem shows them."""
        return list(cls.__annotations__)


class MalformedRequest(Refusal):
    status = HTTPStatus.BAD_REQUEST
    slug = "malformed-request"
    title = "Not a JSON request"
    sentence = "The body isn't JSON in UTF-8."


class IdempotencyKeyMissing(Refusal):
    status = HTTPStatus.BAD_REQUEST
    slug = "idempotency-key-missing"
    title = "Idempotency-Key is missing"
    sentence = "Name this request with an Idempotency-Key header. To repeat it, send the same key."


class SignatureInvalid(Refusal):
    status = HTTPStatus.BAD_REQUEST
    slug = "signature-invalid"
    title = "Not signed by Stripe"
    sentence = "The signature is missing or wrong, or its time is too far from now."


class Unauthenticated(Refusal):
    status = HTTPStatus.UNAUTHORIZED
    slug = "unauthenticated"
    title = "Not signed in"
    sentence = "The token isn't accepted: {reason}."

    reason: str


class LicensesExhausted(Refusal):
    status = HTTPStatus.PAYMENT_REQUIRED
    slug = "licenses-exhausted"
    title = "Not enough licenses left"
    sentence = "You asked for {asked} licenses, and {available} are available."

    sku: str
    asked: int
    available: int
    purchase: "Purchase"


class NotPermitted(Refusal):
    status = HTTPStatus.FORBIDDEN
    slug = "not-permitted"
    title = "Not permitted"
    sentence = "Your role in this workgroup doesn't include this."


class NotFound(Refusal):
    status = HTTPStatus.NOT_FOUND
    slug = "not-found"
    title = "Not found"
    sentence = "There is nothing here that you may see."


class AssignmentRequired(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "assignment-required"
    title = "A license must be assigned first"
    sentence = "Assign a license of {sku} to the user first. {available} are in stock."

    sku: str
    available: int
    user: str


class StartTooScattered(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "start-too-scattered"
    title = "Too much for one start"
    sentence = "These items need too many packs, users or root runs for one start. Send at most the first {items_max}."

    items_max: int

    def __str__(self) -> str:
        if self.items_max:
            return super().__str__()
        return "The first item needs licenses of more packs than a run may hold. Ask for fewer licenses."


class ProjectNotActive(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "project-not-active"
    title = "The project isn't active"
    sentence = "The project is {state}."

    state: "ProjectState"


class LeaseEnded(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "lease-ended"
    title = "The lease has ended"
    sentence = "The run's lease ended at {returned_at:%Y-%m-%dT%H:%M:%SZ}. Its licenses went back to their packs."

    returned_at: "datetime"
    returned_to: "Sequence[Returned]"


class RunAlreadySettled(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "run-already-settled"
    title = "The run is settled already"
    sentence = "The run has already ended. `run` shows how."

    run: "Run"


class OrderNotOpen(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "order-not-open"
    title = "The order isn't open"
    sentence = "The order is {order_status}."

    order_status: "OrderStatus"


class PriceChanged(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "price-changed"
    title = "The price has changed"
    sentence = "The total of the lines isn't the total that you expected."

    lines: "Sequence[Price]"


class CheckoutSuperseded(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "checkout-superseded"
    title = "A newer checkout has taken its place"
    sentence = "The checkout of this key isn't the newest of the order."


class TooLarge(Refusal):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "too-large"
    title = "The body is too large"
    sentence = "A body may have at most {bytes_max} bytes. Send several requests."

    bytes_max: int


class UnsupportedMediaType(Refusal):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "unsupported-media-type"
    title = "Not application/json"
    sentence = "Send the body as application/json."


class InvalidRequest(Refusal):
    """A field of the request can't be as it was sent. `web/` names the field and its place.

    A rule that finds such a field raises a subclass with the facts it knows.
    """

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "invalid-request"
    title = "The request can't be as written"
    sentence = "Some fields are missing, unknown or out of bounds."


class UserMissing(InvalidRequest):
    sentence = "{service} needs a license assigned to the user: name the user."

    service: str
    needs: "Sequence[Need]"


class NotAssignable(InvalidRequest):
    sentence = "Licenses of {sku} aren't assigned to users."

    sku: str


class MoreUsedThanHeld(InvalidRequest):
    sentence = "The run holds {licenses}."

    licenses: int


class IdempotencyKeyReused(Refusal):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "idempotency-key-reused"
    title = "Idempotency-Key was used for another request"
    sentence = "This key was used for a request with another body. Nothing was done."


class UnknownSku(Refusal):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "unknown-sku"
    title = "No such license type"
    sentence = "The catalog has no license type {sku}."

    sku: str


class ProjectHasOpenRuns(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "project-has-open-runs"
    title = "Runs of the project are open"
    sentence = "Settle the open runs first. Or delete the project with ?release=true, which gives their licenses back."


class PackNotUsable(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "pack-not-usable"
    title = "The pack can't be used"
    sentence = "The pack is {state}."

    state: "PackStanding"


class EntitlementUsed(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "entitlement-used"
    title = "The entitlement was used"
    sentence = "The entitlement has covered a run, so its license is spent."


class ParentNotRetryable(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "parent-not-retryable"
    title = "The run can't be retried"
    sentence = "The parent is {state}. It must be of the same item and service, and have succeeded with errors left."

    state: "RunState"


class RetriesExhausted(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "retries-exhausted"
    title = "Retried too often"
    sentence = "A run and its retries may be retried {maximum} times in all."

    maximum: int


class ErrorsNotOfParent(Refusal):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "errors-not-of-parent"
    title = "Not errors of the parent"
    sentence = "A retry may name only the errors of its parent."


class TooManyLicensesForItem(Refusal):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "too-many-licenses-for-item"
    title = "Too many licenses for one item"
    sentence = "The project's maximum for one item is {maximum}."

    maximum: int


class ServiceNotCovered(Refusal):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "service-not-covered"
    title = "No license covers this service"
    sentence = "No license type of the catalog covers {service}."

    service: str


class CardMaximumExceeded(Refusal):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "card-maximum-exceeded"
    title = "More than a card takes at once"
    sentence = "The total of an order by card is at most {maximum}."

    maximum: "Money"


class PaymentRejected(Refusal):
    """The provider's definite no. Its silence is `PaymentProviderUnavailable`."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "payment-rejected"
    title = "The payment provider refuses this"
    sentence = "The payment provider refuses this as it is, and would refuse the same request again."


class AnswerTooLarge(Refusal):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "answer-too-large"
    title = "More than one answer holds"
    sentence = "An answer has at most {rows_max} rows and 6 MB. Ask for fewer days."

    rows_max: int


class TooManyAttempts(Refusal):
    """`retry_after_seconds` goes into the header Retry-After alone."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    slug = "too-many-attempts"
    title = "Too many attempts"
    sentence = "This order has had {maximum} checkouts, the most it can have."

    maximum: int
    retry_after_seconds: int


class InternalError(Refusal):
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    slug = "internal-error"
    title = "Something broke on our side"
    sentence = "We logged the error under this request's id. It is safe to repeat the request."


class PaymentProviderUnavailable(Refusal):
    status = HTTPStatus.BAD_GATEWAY
    slug = "payment-provider-unavailable"
    title = "The payment provider doesn't answer"
    sentence = "Repeat the same request under the same key. It goes on where it stopped."


class TryAgain(Refusal):
    """`retry_after_seconds` goes into the header Retry-After alone."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "try-again"
    title = "Busy: try again"
    sentence = "We are too busy now. Repeat the same request: it has one effect, however often you send it."

    retry_after_seconds: int = 1
