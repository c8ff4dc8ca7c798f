"""The app as the Azure Functions host indexes it."""

import logging

import azure.functions as func

from functions import advance, intake, operations, pickup, tasks
from functions.edge import assets, capabilities

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

# The worker sends every record from INFO up, whatever host.json says; the SDKs log two for each call of a store.
logging.getLogger("azure").setLevel(logging.WARNING)

capabilities.join(pickup.SHOWN)

for blueprint in (assets.bp, *intake.BPS, *tasks.BPS, *advance.BPS, *operations.BPS, *pickup.BPS):
    app.register_functions(blueprint)
