"""The columns of each export, as their makers write them, in the order of the file."""

SHOPIFY_ORDERS = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Accepts Marketing",
    "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code", "Discount Amount", "Shipping Method",
    "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem compare at price",
    "Lineitem sku", "Lineitem requires shipping", "Lineitem taxable", "Lineitem fulfillment status", "Billing Name",
    "Billing Street", "Billing Address1", "Billing Address2", "Billing Company", "Billing City", "Billing Zip",
    "Billing Province", "Billing Country", "Billing Phone", "Shipping Name", "Shipping Street", "Shipping Address1",
    "Shipping Address2", "Shipping Company", "Shipping City", "Shipping Zip", "Shipping Province",
    "Shipping Country", "Shipping Phone", "Notes", "Note Attributes", "Cancelled at", "Payment Method",
    "Payment Reference", "Refunded Amount", "Vendor", "Outstanding Balance", "Employee", "Location", "Device ID",
    "Id", "Tags", "Risk Level", "Source", "Lineitem discount", "Tax 1 Name", "Tax 1 Value", "Tax 2 Name",
    "Tax 2 Value", "Tax 3 Name", "Tax 3 Value", "Tax 4 Name", "Tax 4 Value", "Tax 5 Name", "Tax 5 Value", "Phone",
    "Receipt Number", "Duties", "Billing Province Name", "Shipping Province Name", "Payment ID",
    "Payment Terms Name", "Next Payment Due At", "Payment References",
)  # fmt: skip
SHOPIFY_CUSTOMERS = (
    "Customer ID", "First Name", "Last Name", "Email", "Accepts Email Marketing", "Default Address Company",
    "Default Address Address1", "Default Address Address2", "Default Address City", "Default Address Province Code",
    "Default Address Country Code", "Default Address Zip", "Default Address Phone", "Phone", "Accepts SMS Marketing",
    "Total Spent", "Total Orders", "Note", "Tax Exempt", "Tags", "Accepts WhatsApp Marketing",
    "Shoe size (customer.metafields.custom.shoe_size)",
)  # fmt: skip
SHOPIFY_CUSTOMERS_2023 = (
    "First Name", "Last Name", "Email", "Accepts Email Marketing", "Company", "Address1", "Address2", "City",
    "Province", "Province Code", "Country", "Country Code", "Zip", "Phone", "Accepts SMS Marketing", "Total Spent",
    "Total Orders", "Tags", "Note", "Tax Exempt",
)  # fmt: skip
WOOCOMMERCE_CUSTOMERS = (
    "Name", "Username", "Last Active", "Sign Up", "Email", "Orders", "Total Spend", "AOV", "Country / Region",
    "City", "Region", "Postal Code", "Billing Phone", "Shipping Phone", "Role",
)  # fmt: skip
WOOCOMMERCE_CUSTOMERS_OLDER = (
    "Name", "Username", "Last active", "Sign up", "Email", "Orders", "Total spend", "AOV", "Country / Region",
    "City", "Region", "Postal code",
)  # fmt: skip
WOOCOMMERCE_ORDERS = (
    "Date", "Order #", "N. Revenue (formatted)", "Status", "Customer", "Customer type", "Product(s)", "Items sold",
    "Coupon(s)", "Net Sales", "Attribution",
)  # fmt: skip
STRIPE_PAYMENTS = (
    "id", "Created date (UTC)", "Amount", "Amount Refunded", "Currency", "Captured", "Converted Amount",
    "Converted Amount Refunded", "Converted Currency", "Description", "Customer ID", "Customer Description",
    "Customer Email", "Customer Name", "Fee", "Net", "Is Link", "Mode", "Payment Source Type", "PaymentIntent ID",
    "Seller Message", "Statement Descriptor", "Status", "Taxes On Fee", "Application Fee", "Application ID",
    "Card ID", "Invoice ID", "Transfer", "campaign (metadata)",
)  # fmt: skip
STRIPE_PAYMENTS_LEGACY = (
    "id", "Description", "Seller Message", "Created (UTC)", "Amount", "Amount Refunded", "Currency",
    "Converted Amount", "Converted Amount Refunded", "Fee", "Tax", "Converted Currency", "Mode", "Status",
    "Statement Descriptor", "Customer ID", "Customer Description", "Customer Email", "Captured", "Card ID",
    "Card Last4", "Card Brand", "Card Funding", "Card Exp Month", "Card Exp Year", "Card Name",
    "Card Address Line1", "Card Address Line2", "Card Address City", "Card Address State", "Card Address Country",
    "Card Address Zip", "Card Issue Country", "Card Fingerprint", "Card CVC Status", "Card AVS Zip Status",
    "Card AVS Line1 Status", "Card Tokenization Method", "Disputed Amount", "Dispute Status", "Dispute Reason",
    "Dispute Date (UTC)", "Dispute Evidence Due (UTC)", "Invoice ID", "Payment Source Type", "Destination",
    "Transfer", "Interchange Costs", "Merchant Service Charge", "Transfer Group", "PaymentIntent ID",
)  # fmt: skip
SQUARE_TRANSACTIONS = (
    "Date", "Time", "Time Zone", "Gross Sales", "Discounts", "Service Charges", "Net Sales", "Gift Card Sales",
    "Tax", "Tip", "Partial Refunds", "Total Collected", "Source", "Card", "Card Entry Methods", "Cash",
    "Square Gift Card", "Other Tender", "Other Tender Type", "Tender Note", "Fees", "Net Total", "Transaction ID",
    "Payment ID", "Card Brand", "PAN Suffix", "Device Name", "Staff Name", "Staff ID", "Details", "Description",
    "Event Type", "Location", "Dining Option", "Customer ID", "Customer Name", "Customer Reference ID",
    "Device Nickname", "Third Party Fees", "Deposit ID", "Deposit Date", "Deposit Details", "Fee Percentage Rate",
    "Fee Fixed Rate", "Refund Reason", "Discount Name", "Transaction Status", "Cash App", "Order Reference ID",
    "Fulfillment Note", "Free Processing Applied", "Channel", "Unattributed Tips", "Table Info",
    "International Fee",
)  # fmt: skip
SQUARE_TRANSACTIONS_OLDER = tuple(
    {"Tender Note": "Other Tender Note"}.get(name, name)
    for name in SQUARE_TRANSACTIONS[: SQUARE_TRANSACTIONS.index("Device Nickname") + 1]
    if name != "Service Charges"
)
MAILCHIMP = (
    "Email Address", "First Name", "Last Name", "Address", "Phone Number", "Birthday", "MEMBER_RATING",
    "OPTIN_TIME", "OPTIN_IP", "CONFIRM_TIME", "CONFIRM_IP", "LATITUDE", "LONGITUDE", "GMTOFF", "DSTOFF", "TIMEZONE",
    "CC", "REGION", "LAST_CHANGED", "LEID", "EUID", "NOTES", "TAGS",
)  # fmt: skip
MAILCHIMP_UNSUBSCRIBED = (
    *MAILCHIMP, "UNSUB_TIME", "UNSUB_CAMPAIGN_TITLE", "UNSUB_CAMPAIGN_ID", "UNSUB_REASON", "UNSUB_REASON_OTHER",
)  # fmt: skip
MAILCHIMP_CLEANED = (*MAILCHIMP, "CLEAN_TIME", "CLEAN_CAMPAIGN_TITLE", "CLEAN_CAMPAIGN_ID")
HUBSPOT = (
    "Record ID", "First Name", "Last Name", "Email", "Phone Number", "Mobile Phone Number", "Contact owner",
    "Lead Status", "Lifecycle Stage", "Create Date", "Last Modified Date", "Last Activity Date", "Job Title",
    "Company Name", "City", "State/Region", "Postal Code", "Country/Region", "Website URL", "Original Source",
    "Unsubscribed from all email", "Associated Company", "Associated Company IDs", "Associated Deal",
    "Associated Deal IDs",
)  # fmt: skip
SQUARE_ITEMS = (
    "Date", "Time", "Time Zone", "Category", "Item", "Qty", "Price Point Name", "SKU", "Modifiers Applied",
    "Gross Sales", "Discounts", "Net Sales", "Tax", "Transaction ID", "Payment ID", "Device Name", "Notes",
    "Details", "Event Type", "Location", "Dining Option", "Customer ID", "Customer Name", "Customer Reference ID",
)  # fmt: skip
