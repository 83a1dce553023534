"""What the peers that are written in JavaScript have in common."""

from peer import Steps, run


class Node(Steps):
    """It is called as a library, from a script of ours that stands beside its packages."""

    comment = "//"
    suffix = ".js"
    packages = {}
    script = ""

    def node(self, *arguments, folder=None):
        return run("node", "--input-type=commonjs", "-e", self.script, *arguments, cwd=self.project,
                   env={"NODE_PATH": str(self.packages / "node_modules"), "DATABASE_URL": self.url(),
                        "MIGRATIONS": str(folder or self.repo)})
