"""The template as CloudFormation sees it, after the SAM transform: `python -m dev.template` prints it for cfn-lint.

This is what AWS gets, but for the S3 addresses, which `sam deploy` would fill in after its upload. What the local
stack deploys is made from the same transform, in `dev/ministack/template.py`.
"""

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from dev.config import REGION

type Template = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"

_UPLOADED = "s3://packhouse-artifacts/{}"
_WHERE_CODE_STANDS = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


class _NoManagedPolicies:
    """The transform asks for the list of AWS's managed policies only when a template names one."""

    def load(self) -> dict[str, str]:
        return {}


def parsed(template_path: Path) -> Template:
    """The template as written, `!Ref` and its like in their long form."""
    # Here and not above: the package takes a third of a second, and a stack reads its settings first.
    from samtranslator.yaml_helper import yaml_parse  # noqa: PLC0415

    template: Template = yaml_parse(template_path.read_text())
    return template


def transformed(template: Template) -> Template:
    """Plain CloudFormation. The template passed in is changed on the way, so keep no use for it."""
    from samtranslator.translator.transform import transform  # noqa: PLC0415  # as above

    # The transform reports deprecated Python constructs of its own.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    # It asks boto3 for a region although nothing in the template depends on one.
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    result: Template = transform(template, {}, _NoManagedPolicies())
    return result


def expanded(template_path: Path = TEMPLATE) -> Template:
    """The template as AWS gets it."""
    template = parsed(template_path)
    for logical_id, resource in template["Resources"].items():
        where = _WHERE_CODE_STANDS.get(resource["Type"])
        if where is not None and where in resource["Properties"]:
            resource["Properties"][where] = _UPLOADED.format(logical_id)
    return transformed(template)


if __name__ == "__main__":
    json.dump(expanded(), sys.stdout, indent=1)
    sys.stdout.write("\n")
