"""A crawl that has a file: what is in it (`schema`), and who may write to it (`file`)."""
