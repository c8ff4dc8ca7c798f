"""The app as the Azure Functions host indexes it."""

import azure.functions as func

from functions import advance, intake, operations, pickup, tasks
from functions.edge import assets, capabilities

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

capabilities.join(pickup.SHOWN)

for blueprint in (assets.bp, *intake.BPS, *tasks.BPS, *advance.BPS, *operations.BPS, *pickup.BPS):
    app.register_functions(blueprint)
