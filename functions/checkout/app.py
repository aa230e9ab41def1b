"""Checkout: what is sold, and the API's own description."""

from dataclasses import asdict
from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from packhouse.catalog import catalog
from packhouse.settings import settings
from packhouse.web.api import JSON, create_api
from packhouse.web.catalog import CatalogView, LicenseTypeView, Support
from packhouse.web.identity import Door

OPENAPI = Path(__file__).with_name("openapi.json")

api = create_api()
handler = api.resolve


@api.serves("GET /v1/catalog", may=Door.ANYONE)
def read_catalog() -> CatalogView:
    return CatalogView(
        license_types=[LicenseTypeView.of(license_type) for license_type in catalog()],
        policies=asdict(settings().policies),
        support=Support(email=settings().support_email),
    )


@api.serves("GET /v1/openapi.json", may=Door.ANYONE)
def read_openapi() -> Response[str]:
    return Response(status_code=200, content_type=JSON, body=OPENAPI.read_text())
