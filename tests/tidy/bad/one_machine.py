# path: tests/daemon/run.py
ROOT = "/home/me/tidemark"  # expect: machine-path
CACHE = ["/root/cache", "cmake"]  # expect: machine-path
