"""The template as CloudFormation sees it, after the SAM transform: `python -m dev.template` prints it for cfn-lint.

AWS gets the same, except that `sam deploy` fills in the S3 addresses after its upload. The local stack deploys a
variant, which `dev/ministack/template.py` makes with the same transform.
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
    """An empty list of AWS's managed policies. The transform reads it only when a template names such a policy."""

    def load(self) -> dict[str, str]:
        return {}


def parsed(template_path: Path) -> Template:
    """The template as written, with `!Ref` and similar tags in their long form."""
    # The import takes a third of a second, and a stack checks its settings before that.
    from samtranslator.yaml_helper import yaml_parse  # noqa: PLC0415  # it is slow

    template: Template = yaml_parse(template_path.read_text())
    return template


def transformed(template: Template) -> Template:
    """Plain CloudFormation. This changes the template that is passed in: don't use it afterwards."""
    from samtranslator.translator.transform import transform  # noqa: PLC0415  # as above

    # The transform logs warnings about its own deprecated code.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    # It asks boto3 for a region, although the template depends on none.
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
