# path: deploy/quickstart.py
WORK = f"{folder}/home/here"
URL = "https://example.com/root/item"
TEMPORARY = "/tmp/rooted"
OTHER = "config/home/design"
