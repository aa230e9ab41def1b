"""Every refusal there is, each a class: what never changes stands on the class, the facts on the instance.

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
│       CardMaximumExceeded, PaymentRejected, AnswerTooLarge, ErrorsNotOfParent
├── 429 TooManyAttempts
├── 500 InternalError   502 PaymentProviderUnavailable
└── 503 TryAgain
"""

from http import HTTPStatus
from typing import ClassVar


class Refusal(Exception):  # noqa: N818  # a refusal is an answer, not an error of ours
    """Why a request isn't done. Each keyword is a fact, told as a member of the problem; `sentence` words them."""

    status: ClassVar[HTTPStatus]
    slug: ClassVar[str]
    title: ClassVar[str]
    sentence: ClassVar[str]

    def __init__(self, **facts: object) -> None:
        super().__init__(self.sentence.format(**facts))
        self.facts = facts


class MalformedRequest(Refusal):
    status = HTTPStatus.BAD_REQUEST
    slug = "malformed-request"
    title = "Not a JSON request"
    sentence = "The body isn't JSON in UTF-8."


class IdempotencyKeyMissing(Refusal):
    status = HTTPStatus.BAD_REQUEST
    slug = "idempotency-key-missing"
    title = "Idempotency-Key is missing"
    sentence = "Name this request with an Idempotency-Key header, and repeat it under the same key."


class SignatureInvalid(Refusal):
    status = HTTPStatus.BAD_REQUEST
    slug = "signature-invalid"
    title = "Not signed by Stripe"
    sentence = "The signature is missing, wrong, or not of this time."


class Unauthenticated(Refusal):
    status = HTTPStatus.UNAUTHORIZED
    slug = "unauthenticated"
    title = "Not signed in"
    sentence = "The token isn't accepted: {reason}."


class LicensesExhausted(Refusal):
    status = HTTPStatus.PAYMENT_REQUIRED
    slug = "licenses-exhausted"
    title = "Not enough licenses left"
    sentence = "{asked} asked for, {available} available."


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
    sentence = "{available} licenses of {sku} are in stock; assign one to the user first."


class StartTooScattered(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "start-too-scattered"
    title = "Too much for one start"
    sentence = (
        "The items come to too many packs, users or root runs for one start: send at most {items_max} of these items."
    )

    def __str__(self) -> str:
        if self.facts["items_max"]:
            return super().__str__()
        return "The first item's licenses lie in more packs than a run may hold: ask for fewer of them."


class ProjectNotActive(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "project-not-active"
    title = "The project isn't active"
    sentence = "The project is {state}."


class LeaseEnded(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "lease-ended"
    title = "The lease has ended"
    sentence = "The run's lease ended at {returned_at}: its licenses went back to the packs that they came from."


class RunAlreadySettled(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "run-already-settled"
    title = "The run is settled already"
    sentence = "The run has ended with another settlement."


class OrderNotOpen(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "order-not-open"
    title = "The order isn't open"
    sentence = "The order is {order_status}."


class PriceChanged(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "price-changed"
    title = "The price has changed"
    sentence = "The lines come to another total than expected."


class CheckoutSuperseded(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "checkout-superseded"
    title = "A newer checkout has taken its place"
    sentence = "This key opened a checkout of the order before its newest one."


class TooLarge(Refusal):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "too-large"
    title = "The body is too large"
    sentence = "A body has at most {bytes_max} bytes: send several requests."


class UnsupportedMediaType(Refusal):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "unsupported-media-type"
    title = "Not application/json"
    sentence = "Send the body as application/json."


class InvalidRequest(Refusal):
    """`errors` lists a JSON pointer and a sentence for each field that can't be as written."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "invalid-request"
    title = "The request can't be as written"
    sentence = "Some fields are missing, unknown or out of bounds."


class IdempotencyKeyReused(Refusal):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "idempotency-key-reused"
    title = "Idempotency-Key was used for another request"
    sentence = "This key named a request with another body; nothing was done."


class UnknownSku(Refusal):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "unknown-sku"
    title = "No such license type"
    sentence = "The catalog has no license type {sku}."


class ProjectHasOpenRuns(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "project-has-open-runs"
    title = "Runs of the project are open"
    sentence = "Settle its open runs first, or delete it with ?release=true, which gives their licenses back."


class PackNotUsable(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "pack-not-usable"
    title = "The pack can't be used"
    sentence = "The pack is {state}."


class EntitlementUsed(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "entitlement-used"
    title = "The entitlement was used"
    sentence = "It has covered a run, so its license is spent."


class ParentNotRetryable(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "parent-not-retryable"
    title = "The run can't be retried"
    sentence = "The parent is {state}: a retry needs one of the same item and service that succeeded and left errors."


class RetriesExhausted(Refusal):
    status = HTTPStatus.CONFLICT
    slug = "retries-exhausted"
    title = "Retried too often"
    sentence = "A run and its retries may be retried {maximum} times."


class ErrorsNotOfParent(Refusal):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "errors-not-of-parent"
    title = "Not errors of the parent"
    sentence = "A retry names only errors that its parent left."


class TooManyLicensesForItem(Refusal):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "too-many-licenses-for-item"
    title = "Too many licenses for one item"
    sentence = "The project allows {maximum} for one item."


class ServiceNotCovered(Refusal):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "service-not-covered"
    title = "No license covers this service"
    sentence = "No license type of the catalog covers {service}."


class CardMaximumExceeded(Refusal):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "card-maximum-exceeded"
    title = "More than a card takes at once"
    sentence = "An order by card comes to at most {maximum.amount} cents."


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
    sentence = "An answer holds at most {rows_max} rows, and 6 MB: ask for fewer days."


class TooManyAttempts(Refusal):
    """`retry_after_seconds` is told as the header Retry-After alone."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    slug = "too-many-attempts"
    title = "Too many attempts"
    sentence = "This order has had {maximum} checkouts, the most it can have."

    def __init__(self, *, retry_after_seconds: int, maximum: int) -> None:
        super().__init__(maximum=maximum)
        self.retry_after_seconds = retry_after_seconds


class InternalError(Refusal):
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    slug = "internal-error"
    title = "Something broke on our side"
    sentence = "It is logged under this request's id. Repeating the request is safe."


class PaymentProviderUnavailable(Refusal):
    status = HTTPStatus.BAD_GATEWAY
    slug = "payment-provider-unavailable"
    title = "The payment provider doesn't answer"
    sentence = "Repeat the same request under the same key: it goes on where it stopped."


class TryAgain(Refusal):
    """`retry_after_seconds` is told as the header Retry-After alone."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "try-again"
    title = "Busy: try again"
    sentence = "Too much is going on at once. Repeat the same request: it has one effect, however often it is sent."

    def __init__(self, *, retry_after_seconds: int = 1) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds
