from typing import Any

from audit.bill import missing, of_deployed
from audit.locks import Copied, Package

DEPLOYED = [Package("pyjwt", "2.15.1"), Package("cffi", "2.1.1")]
QR = Copied(Package("qr", "0.7.0"), "MIT or Apache-2.0")


def component(name: str, version: str) -> dict[str, Any]:
    return {"type": "library", "name": name, "version": version, "bom-ref": f"{name}=={version}"}


def environment(cffi: str = "2.1.1") -> dict[str, Any]:
    return {
        "bomFormat": "CycloneDX",
        "metadata": {"component": {"name": "madoguchi", "bom-ref": "root"}},
        "components": [component("PyJWT", "2.15.1"), component("cffi", cffi), component("pytest", "9.0.0")],
        "dependencies": [
            {"ref": "root"},
            {"ref": "PyJWT==2.15.1", "dependsOn": ["cffi==2.1.1", "pytest==9.0.0"]},
            {"ref": "pytest==9.0.0"},
        ],
    }


def test_the_bill_holds_what_is_deployed_and_nothing_else():
    bill = of_deployed(environment(), DEPLOYED, {"pyjwt"}, [QR])

    assert [one["name"] for one in bill["components"]] == ["PyJWT", "cffi", "qr"]
    assert bill["components"][-1]["purl"] == "pkg:npm/qr@0.7.0"
    assert bill["components"][-1]["licenses"] == [{"expression": "MIT OR Apache-2.0"}]


def test_the_bill_says_what_the_app_asks_for_and_what_comes_along():
    bill = of_deployed(environment(), DEPLOYED, {"pyjwt"}, [QR])

    assert bill["dependencies"] == [
        {"ref": "root", "dependsOn": ["PyJWT==2.15.1", "pkg:npm/qr@0.7.0"]},
        {"ref": "PyJWT==2.15.1", "dependsOn": ["cffi==2.1.1"]},
    ]


def test_a_package_that_is_installed_in_another_version_is_missing_in_the_bill():
    whole, other = (of_deployed(environment(cffi), DEPLOYED, {"pyjwt"}, [QR]) for cffi in ("2.1.1", "2.0.0"))

    assert missing(whole, DEPLOYED) == []
    assert missing(other, DEPLOYED) == ["cffi 2.1.1"]
