"""What residents and channels call and see."""

from functions.intake import access_codes, api, pages, receipt_pages, sending

BPS = (access_codes.bp, api.bp, pages.bp, receipt_pages.bp, sending.bp)
