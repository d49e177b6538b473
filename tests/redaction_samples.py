"""Made-up secrets. They are put together at run time, so that no scanner of repositories takes them for real ones."""

from __future__ import annotations

import base64
import json
import random
import string

ALPHANUMERIC = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
_random = random.Random("redaction")


def some(length: int, alphabet: str = ALPHANUMERIC) -> str:
    return "".join(_random.choice(alphabet) for _ in range(length))


def some_uuid() -> str:
    return "-".join(some(length, HEX) for length in (8, 4, 4, 4, 12))


def base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def json_web_token() -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": some(12), "iss": "n8n", "aud": "public-api"})
    return ".".join([*(base64url(json.dumps(part).encode()) for part in parts), some(43)])


def key_file(words: str = "RSA PRIVATE KEY", line_end: str = "\n") -> str:
    lines = [some(64) for _ in range(12)]
    return line_end.join([f"-----BEGIN {words}-----", *lines, f"-----END {words}-----"])


TOKENS = {
    "anthropic": ["sk-" + "ant-api03-" + some(90) + "-_" + some(3)],
    "openrouter": ["sk-" + "or-v1-" + some(64, HEX)],
    "openai": [
        "sk-" + some(48),
        "sk-" + some(32, HEX),
        "sk-" + "proj-" + some(48),
        "sk-" + "proj-" + some(70) + "_" + some(3) + "-" + some(70),
        "sk-" + "svcacct-" + some(70),
    ],
    "stripe": [
        "sk_" + "live_" + some(24),
        "rk_" + "live_" + some(99),
        "sk_" + "test_" + some(99),
        "whsec" + "_" + some(32),
    ],
    "elevenlabs": ["sk_" + some(48, HEX)],
    "airtable": ["pat" + some(14) + "." + some(64, HEX)],
    "hubspot": ["pat-" + "na1-" + some_uuid(), "pat-" + "eu1-" + some_uuid()],
    "apify": ["apify" + "_api_" + some(36)],
    "github": [*(f"gh{letter}" + "_" + some(36) for letter in "pousr"), "github" + "_pat_" + some(22) + "_" + some(59)],
    "gitlab": ["glpat" + "-" + some(20)],
    "google": ["AI" + "za" + some(35), "ya29" + "." + some(150), "GOC" + "SPX-" + some(28), "1/" + "/0" + some(60)],
    "slack": [
        "xo" + f"xb-{some(12, string.digits)}-{some(13, string.digits)}-{some(24)}",
        "xo" + f"xp-{some(12, string.digits)}-{some(12, string.digits)}-{some(32, HEX)}",
        "xa" + f"pp-1-A{some(10)}-{some(13, string.digits)}-{some(64, HEX)}",
    ],
    "discord-bot": [base64url(b"812345678901234567") + "." + some(6) + "." + some(38)],
    "telegram": ["6174093852" + ":AA" + some(33), "719204386" + ":AA" + some(33)],
    "sendgrid": ["SG" + "." + some(22) + "." + some(43)],
    "twilio": ["SK" + some(32, HEX)],
    "mailgun": ["key" + "-" + some(32, HEX)],
    "npm": ["npm" + "_" + some(36)],
    "huggingface": ["hf" + "_" + some(34, string.ascii_letters)],
    "xai": ["xai" + "-" + some(80)],
    "groq": ["gsk" + "_" + some(52)],
    "perplexity": ["pplx" + "-" + some(48)],
    "tavily": ["tvly" + "-" + some(32), "tvly" + "-dev-" + some(32)],
    "firecrawl": ["fc" + "-" + some(32, HEX)],
    "replicate": ["r8" + "_" + some(37)],
    "notion": ["ntn" + "_" + some(46), "secret" + "_" + some(43)],
    "linear": ["lin" + "_api_" + some(40)],
    "supabase": ["sbp" + "_" + some(40, HEX), "sb_" + "secret_" + some(31)],
    "brevo": ["xkey" + "sib-" + some(64, HEX) + "-" + some(16)],
    "shopify": ["shpat" + "_" + some(32, HEX)],
    "pinecone": ["pcsk" + "_" + some(6) + "_" + some(63)],
    "figma": ["figd" + "_" + some(40)],
    "langsmith": ["lsv2" + "_pt_" + some(32, HEX) + "_" + some(10, HEX)],
    "n8n": ["n8n" + "_api_" + some(80, HEX)],
    "jina": ["jina" + "_" + some(60)],
    "cal-com": ["cal" + "_live_" + some(32, HEX)],
    "clickup": ["pk" + "_84073162_" + some(32, string.ascii_uppercase + string.digits)],
    "resend": ["re" + "_" + some(8) + "_" + some(24)],
    "postman": ["PMAK" + "-" + some(24, HEX) + "-" + some(34, HEX)],
    "digitalocean": ["dop" + "_v1_" + some(64, HEX)],
    "atlassian": ["ATATT3" + "xFfGF0" + some(180) + "=" + some(8, "0123456789ABCDEF")],
    "dropbox": ["sl" + "." + some(140), "sl" + ".u." + some(300)],
    "facebook": ["EA" + "A" + some(180)],
    "databricks": ["dapi" + some(32, HEX)],
    "pypi": ["pypi" + "-AgE" + some(150)],
    "typeform": ["tfp" + "_" + some(44)],
    "rapidapi": [some(10, HEX) + "msh" + some(15, HEX) + "p1" + some(6, HEX) + "jsn" + some(12, HEX)],
    "mailchimp": [some(32, HEX) + "-us" + "21"],
    "aws": ["AK" + "IA" + some(16, string.ascii_uppercase + "234567")],
    "jwt": [json_web_token()],
    "private-key": [key_file(), key_file("PRIVATE KEY"), key_file("OPENSSH PRIVATE KEY", r"\n")],
}
"""Kind → secrets that are recognised wherever they stand."""
