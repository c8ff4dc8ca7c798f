"""The app as the Azure Functions host indexes it."""

import azure.functions as func

from functions import (
    access_codes,
    api,
    assets,
    counter,
    depots,
    operations,
    pages,
    queues,
    receipt_pages,
    sheets,
    staff,
    staff_pages,
    timers,
)

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

for_residents = (api, pages, receipt_pages, assets)
for_staff = (staff, staff_pages, counter, access_codes, depots, sheets, operations)

for module in (*for_residents, *for_staff, queues, timers):
    app.register_functions(module.bp)
