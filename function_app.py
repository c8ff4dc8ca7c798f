"""The app as the Azure Functions host indexes it."""

import azure.functions as func

from functions import api, assets, counter, depots, operations, pages, queues, receipt_pages, staff, staff_pages, timers

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

for module in (api, staff, counter, depots, operations, pages, receipt_pages, staff_pages, assets, queues, timers):
    app.register_functions(module.bp)
