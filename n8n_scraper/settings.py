"""Scrapy's settings for this project. Ours, with defaults, checks and meanings, are declared in config.py.

Order: ``-s`` > environment > this file > default. Values that follow from ours (DOWNLOAD_DELAY, USER_AGENT, FEEDS …)
are set by n8n_scraper.addon, unless given with ``-s``.
"""

import os

import n8n_scraper.interrupted  # noqa: F401 - the first of ours, before what takes long to import

# isort: split

# Here for its place: Scrapy's deprecated classes look at the whole call stack as they are made, and deep below a
# spider's imports that is a quarter of a second of every start.
import scrapy.core.downloader.contextfactory  # noqa: F401 - the spider's imports need it loaded, not named
from scrapy.settings import default_settings

from n8n_scraper.config import SETTINGS
from n8n_scraper.export.format_names import FEED_FORMATS
from n8n_scraper.setting_rules import PREFIX

BOT_NAME = "n8n_scraper"
SPIDER_MODULES = ["n8n_scraper.spiders"]
COMMANDS_MODULE = "n8n_scraper.commands"
ADDONS = {"n8n_scraper.addon.N8nScraperAddon": 0}

# Politeness. The promise is kept by the gate (extensions/rate.py); these slow down further, never speed up.
ROBOTSTXT_OBEY = True
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_TARGET_CONCURRENCY = 4.0  # 1.5 s of latency costs nothing at 2 requests a second
AUTOTHROTTLE_MAX_DELAY = 60.0
DOWNLOAD_DELAY_JITTER = 0.0  # the promise is a rate, and jitter around it would break it or waste it
DOWNLOAD_TIMEOUT = 60
CONCURRENT_REQUESTS = 16
CONCURRENT_REQUESTS_PER_DOMAIN = 16
CONCURRENT_ITEMS = 10  # an answer makes one row, seldom a few, and Scrapy starts that many tasks for each (100)
DOWNLOAD_HANDLERS = {
    "http": "n8n_scraper.downloader.GatedDownloadHandler",
    "https": "n8n_scraper.downloader.GatedDownloadHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
TWISTED_DNS_RESOLVER = "n8n_scraper.resolver.PublicResolver"
DOWNLOAD_VERIFY_CERTIFICATES = True  # Scrapy's default is False
COOKIES_ENABLED = False
REFERER_ENABLED = False
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False  # on by default in 2.19: runs posted Python

# Components that are off here are left out of Scrapy's own lists: with None in ours they would be imported all the
# same, and all of aiohttp and tldextract with them, a fifth of a start.
EXTENSIONS_BASE = dict(default_settings.EXTENSIONS_BASE)
del EXTENSIONS_BASE["scrapy.extensions.remote_control.RemoteControl"]
DOWNLOADER_MIDDLEWARES_BASE = dict(default_settings.DOWNLOADER_MIDDLEWARES_BASE)
del DOWNLOADER_MIDDLEWARES_BASE["scrapy.downloadermiddlewares.cookies.CookiesMiddleware"]

SCHEDULER = "n8n_scraper.scheduler.MemoryScheduler"
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 50_000_000  # answers wait for their batch's commit: 50 rows of the largest usual size

DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "n8n_scraper.middlewares.robots.RobotsMiddleware": 100,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "n8n_scraper.middlewares.retry.RetryMiddleware": 550,
    "n8n_scraper.middlewares.render.RenderMiddleware": 570,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "n8n_scraper.middlewares.decompression.DecompressionMiddleware": 590,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
}
SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
}
ITEM_PIPELINES = {
    "n8n_scraper.pipelines.validation.ValidationPipeline": 100,
    "n8n_scraper.pipelines.redaction.RedactionPipeline": 200,
    "n8n_scraper.pipelines.quality.QualityPipeline": 300,
    "n8n_scraper.pipelines.store.StorePipeline": 400,
    "n8n_scraper.pipelines.transcripts.TranscriptsBeginning": 450,
    "n8n_scraper.pipelines.media.ImagePipeline": 500,
    "n8n_scraper.pipelines.transcripts.TranscriptsPipeline": 600,
    "n8n_scraper.pipelines.acknowledge.AcknowledgePipeline": 700,
}
EXTENSIONS = {
    "n8n_scraper.extensions.rate.RateExtension": 0,
    "n8n_scraper.extensions.machine.Machine": 50,
    "n8n_scraper.extensions.completeness.Completeness": 60,
    "n8n_scraper.extensions.run_record.RunRecord": 100,
    "n8n_scraper.extensions.progress.Progress": 200,
    "n8n_scraper.extensions.metrics.Metrics": 300,
}

STATS_CLASS = "n8n_scraper.metrics.collector.StatsCollector"

FEED_EXPORTERS = {name: f"n8n_scraper.exporters.{format_}" for name, format_ in FEED_FORMATS.items()}
FEED_STORAGES = {
    "": "n8n_scraper.feed_storage.AtomicFileFeedStorage",
    "file": "n8n_scraper.feed_storage.AtomicFileFeedStorage",
}
FEED_URI_PARAMS = "n8n_scraper.addon.feed_uri_params"

LOG_LEVEL = "INFO"
LOG_FORMATTER = "n8n_scraper.log_format.LogFormatter"
LOGSTATS_INTERVAL = 0  # extensions/progress.py tells more
WARN_ON_GENERATOR_RETURN_VALUE = False

# Misspelt names too: config.py refuses them.
globals().update(
    {name: value for name, value in os.environ.items() if value and (name in SETTINGS or name.startswith(PREFIX))}
)
