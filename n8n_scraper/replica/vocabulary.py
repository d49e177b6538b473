"""The words generated templates are made of: our own, about invented firms and people. Pure data."""

from __future__ import annotations

VERBS = (
    "Archive", "Back up", "Clean", "Collect", "Compare", "Draft", "Enrich", "Forward", "Monitor", "Publish", "Route",
    "Schedule", "Score", "Summarise", "Sync", "Tag", "Track", "Translate",
)  # fmt: skip
THINGS = (
    "blog posts", "bug reports", "contracts", "delivery notes", "event sign-ups", "expense receipts", "invoices",
    "job offers", "meeting notes", "new leads", "newsletters", "podcast episodes", "price changes", "product reviews",
    "sensor readings", "stock levels", "support tickets", "survey answers", "travel plans", "weather alerts",
)  # fmt: skip
HELPERS = (
    "a weekly digest", "an approval step", "an error queue", "automatic retries", "clear alerts", "duplicate checks",
    "GPT-5", "Gemini", "human review", "spoken summaries",
)  # fmt: skip
READERS = (
    "small teams that answer every message by hand", "shop owners who want fewer spreadsheets",
    "analysts who need the same figures every morning", "agencies that report to many clients",
    "support leads who watch a shared inbox", "makers who publish on more than one channel",
    "finance people who chase missing papers", "schools and clubs with a few volunteers",
)  # fmt: skip
INTROS = (
    "This template takes {thing} from {source}, checks them and hands the result to {target}.",
    "Keep {thing} in one place: the flow watches {source} and writes what matters to {target}.",
    "Nobody likes to copy {thing} by hand. Here {source} and {target} talk to each other without you.",
    "Every time {source} brings something new, this workflow prepares it and {target} gets a tidy copy.",
)
REMARKS = (
    "It runs on a schedule and can also be started by hand.",
    "Nothing is sent twice, because each record is remembered.",
    "All texts can be changed in one node at the start.",
    "Failed records end in their own branch, so that the rest goes on.",
    "It costs a few cents a month with the smallest model.",
    "The first run may take some minutes, later ones only a few seconds.",
    "Dates are kept in UTC and shown in your own time zone.",
)
STEPS = (
    "**{node}** reads what is new and drops what was seen before.",
    "**{node}** brings the fields into one shape, with names that stay the same.",
    "**{node}** decides which branch a record belongs to.",
    "**{node}** adds what is missing and marks what cannot be found.",
    "**{node}** writes the record and keeps its address for the next step.",
    "**{node}** tells the people in charge, with a link to the record.",
)
SETUP_STEPS = (
    "Import the workflow and open it in the editor.",
    "Create credentials for {source} and choose them in its node.",
    "Create credentials for {target}; a test account is enough to begin with.",
    "Open the node **Configuration** and set the folder, the language and the time of day.",
    "Run the workflow once by hand and compare the first three records.",
    "Turn the workflow on. From now on it runs by itself.",
    "Set an address for alerts, so that somebody hears of a failure.",
)
REQUIREMENTS = (
    "An n8n instance, version 1.80 or later",
    "An account at [{source}](https://example.com/{slug}/account) with access to the API",
    "An account at [{target}](https://example.org/{slug}/signup)",
    "A key for a language model, if you want the texts to be rewritten",
    "About ten minutes of your time",
)
CHANGES = (
    "Use another store than {target}: replace the last node and keep the names of the fields.",
    "Ask for a confirmation before anything is sent, with a **Wait** node.",
    "Run it every hour instead of every day in the trigger's settings.",
    "Add a second language by copying the branch in the middle.",
    "Send the summary to a chat instead of a mailbox.",
)
NOTE_TITLES = (
    "1. Collect", "2. Clean up", "3. Decide", "4. Write", "5. Tell the team", "Read me first", "How to set it up",
    "Things to change", "Costs and limits",
)  # fmt: skip
NOTE_TEXTS = (
    "Choose your own credentials here, then run the node once.",
    "The names of the fields matter: the next nodes look them up.",
    "Everything below this note is optional and can be deleted.",
    "More in the [documentation](https://docs.example.com/nodes) of the service.",
    "Records without an address go to the lower branch.",
    "Change the model to a smaller one to save money.",
)
FIRST_NAMES = (
    "Ada", "Bram", "Chiara", "Dmitri", "Élodie", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Kofi", "Lena", "Mateo",
    "Noor", "Olga", "Priya", "Quinn", "Rosa", "Sven", "Tuan",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Berg", "Castell", "Duarte", "Eriksen", "Falk", "Grünwald", "Hale", "Ito", "Jensen", "Kowal", "Lindqvist",
    "Moreau", "Novak", "Okafor", "Petrov", "Quist", "Rahman", "Silva", "Thorne",
)  # fmt: skip
EMOJI = ("🚀", "📬", "🧾", "🤖", "✅", "🗂️", "👩‍💻", "🌦️")
