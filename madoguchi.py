"""The command line of editors and operators: it calls the API of a running app, so the same roles and records apply."""

import argparse
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import Any, get_args

from services.errors import DefinitionRefused
from services.intake.reissue import Checked
from stores.shipped import line_of, read_yaml

ANSWER_WITHIN = 240.0
"""Seconds for one call: Azure ends a request after 230."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follow no redirect, so that a token is sent only to the address it was meant for."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Let the redirection stand as the error it is here."""


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked and return the exit code: 1 where any call was refused or not answered."""
    if arguments.command == "refold":
        return _refold(arguments)
    try:
        requests = _requests(arguments)
    except DefinitionRefused as refusal:
        print(*refusal.reasons, sep="\n", file=sys.stderr)
        return 1
    files = arguments.files if arguments.command == "publish" else [None] * len(requests)
    return max([int(_call(arguments, *request, file) is None) for request, file in zip(requests, files, strict=True)])


def _refold(arguments: argparse.Namespace) -> int:
    """Fold slice after slice anew, until there is none."""
    after: str | None = ""
    while after is not None:
        body = {"dryRun": arguments.dry_run, "after": after}
        answer = _call(arguments, "POST", "/api/operations/refolding", body)
        if answer is None:
            return 1
        after = answer["next"]
    return 0


def _call(arguments: argparse.Namespace, method: str, path: str, body: object, file: Path | None = None) -> Any:
    """Make one call, print its JSON and return it; None where it was refused or not answered.

    `file` is what the body was read from.
    """
    request = urllib.request.Request(  # noqa: S310 - _api_address lets https and a desk's http through only
        arguments.api + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {_token(arguments.audience)}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=ANSWER_WITHIN) as answer:
            told = json.load(answer)
    except urllib.error.HTTPError as refusal:
        print(f"{refusal.code}: {method} {path}: {_told(refusal.read(), file)}", file=sys.stderr)
        return None
    except OSError as error:
        print(f"{arguments.api} does not answer: {error}", file=sys.stderr)
        return None
    print(json.dumps(told, ensure_ascii=False, indent=2))
    return told


def _told(body: bytes, file: Path | None) -> str:
    """Return what a refusal says: each reason on a line of its own, with the line of the file that it is about."""
    try:
        reasons = json.loads(body)["reasons"]
    except (ValueError, LookupError, TypeError):
        return body.decode(errors="replace")
    return "".join(f"\n{_line(reason, file)}{reason}" for reason in reasons)


def _line(reason: str, file: Path | None) -> str:
    line = line_of(file, reason.partition(": ")[0]) if file else None
    return f"{file}:{line}: " if line else ""


def _requests(arguments: argparse.Namespace) -> list[tuple[str, str, object]]:
    """Say what to call: method, path and body."""
    asked = vars(arguments)
    selection = {name: asked[name] for name in ("ids", "queue", "status", "from", "to", "reason") if asked.get(name)}
    match arguments.command:
        case "publish":
            definitions = [_read(path) for path in arguments.files]
            return [("PUT", f"/api/catalog/services/{_id_of(definition)}", definition) for definition in definitions]
        case "failures":
            return [("GET", f"/api/operations/failures?{urllib.parse.urlencode(selection)}", None)]
        case "dismiss":
            return [("POST", "/api/operations/failures/dismiss", selection)]
        case "replay":
            return [("POST", "/api/operations/failures/replay", {**selection, "dryRun": arguments.dry_run})]
        case "reissue":
            names = ("reference", "checked", "note")
            asked_for = {name: asked[name] for name in names if asked[name]} | {"id": uuid.uuid4().hex}
            return [("POST", "/api/operations/requests/access-codes", asked_for)]
        case "pause":
            said = {"ja": asked["reason"], "ja-easy": asked["easy"], "en": asked["en"]}
            reason = {language: text for language, text in said.items() if text}
            return [("POST", f"/api/catalog/services/{_id_of(asked)}/pause", {"reason": reason})]
        case "resume":
            return [("POST", f"/api/catalog/services/{_id_of(asked)}/resume", {})]
    return [("POST", "/api/operations/reconciliation", {"dryRun": arguments.dry_run})]


def _read(path: Path) -> object:
    """Read a definition; raises DefinitionRefused, which names the file."""
    try:
        return read_yaml(path)
    except DefinitionRefused as refusal:
        raise DefinitionRefused(tuple(f"{path}: {reason}" for reason in refusal.reasons)) from refusal


def _id_of(definition: object) -> str:
    id_ = definition.get("id") if isinstance(definition, dict) else None
    return urllib.parse.quote(str(id_ or "without-id"), safe="")


def _token(audience: str | None) -> str:
    """Take the token of a desk from TOKEN, else sign in with Entra ID as `az login` or the environment has it."""
    if os.environ.get("TOKEN"):
        return os.environ["TOKEN"]
    audience = audience or os.environ.get("TOKEN_AUDIENCE")
    if not audience:
        sys.exit("say for which API to sign in: --audience api://... or TOKEN_AUDIENCE; on a desk, set TOKEN")
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import DefaultAzureCredential

    try:
        with DefaultAzureCredential() as credential:
            return credential.get_token(f"{audience}/.default").token
    except ClientAuthenticationError as error:
        sys.exit(f"not signed in for {audience}: {error.message}")


def _api_address(text: str) -> str:
    address = urllib.parse.urlsplit(text)
    if address.scheme == "https" or (address.scheme == "http" and address.hostname in ("127.0.0.1", "localhost")):
        return text.rstrip("/")
    raise argparse.ArgumentTypeError("must be https, or http on 127.0.0.1: a token goes with it")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m madoguchi", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    api = argparse.ArgumentParser(add_help=False)
    api.add_argument("--api", required=True, type=_api_address, metavar="URL", help="where the app runs")
    api.add_argument("--audience", metavar="URI", help="the app's registration in Entra ID; default TOKEN_AUDIENCE")
    publishing = commands.add_parser("publish", parents=[api], help="publish service definitions (YAML)")
    publishing.add_argument("files", nargs="+", type=Path)
    pausing = commands.add_parser("pause", parents=[api], help="stop a service at once, for every version of its form")
    pausing.add_argument("id", metavar="SERVICE")
    pausing.add_argument("--reason", required=True, help="why, in Japanese, for residents")
    pausing.add_argument("--easy", help="the same in easy Japanese")
    pausing.add_argument("--en", help="the same in English")
    resuming = commands.add_parser("resume", parents=[api], help="let a paused service go on")
    resuming.add_argument("id", metavar="SERVICE")
    ranged = argparse.ArgumentParser(add_help=False)
    ranged.add_argument("--queue")
    ranged.add_argument("--from", metavar="TIME", help="failed last then or later: 2026-11-23T09:00+09:00")
    ranged.add_argument("--to", metavar="TIME", help="failed last before then")
    dry = argparse.ArgumentParser(add_help=False)
    dry.add_argument("--dry-run", action="store_true", help="only say what would be done")
    listing = commands.add_parser("failures", parents=[api, ranged], help="list messages that failed for good")
    listing.add_argument("--status", choices=("open", "replayed", "dismissed"))
    replaying = commands.add_parser("replay", parents=[api, ranged, dry], help="send failed messages again")
    replaying.add_argument("ids", nargs="*", metavar="ID")
    dismissing = commands.add_parser(
        "dismiss", parents=[api], help="resolve failures about which nothing is to be done"
    )
    dismissing.add_argument("ids", nargs="+", metavar="ID")
    dismissing.add_argument("--reason", required=True)
    reissuing = commands.add_parser("reissue", parents=[api], help="give a resident another access code")
    reissuing.add_argument("reference", metavar="REFERENCE")
    reissuing.add_argument(
        "--checked", required=True, choices=get_args(Checked.__value__), help="how it was checked who asks"
    )
    reissuing.add_argument("--note", help="what was checked; no number of a document")
    commands.add_parser("reconcile", parents=[api, dry], help="find and mend what does not fit together")
    commands.add_parser("refold", parents=[api, dry], help="bring what an older version folded to the folding of today")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(run(_arguments()))
