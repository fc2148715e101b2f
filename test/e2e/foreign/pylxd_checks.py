"""What scripts do with pylxd: each check prints one line, `ok NAME` or `failed NAME: reason`."""

import sys
import traceback

import pylxd
from pylxd.exceptions import LXDAPIException, NotFound

image = sys.argv[1]
client = pylxd.Client()
failed = 0


def check(name):
    def run(work):
        global failed
        try:
            work()
            print(f"ok {name}", flush=True)
        except Exception as error:  # every kind of failure is a failed check
            failed += 1
            traceback.print_exc()
            print(f"failed {name}: {error!r}", flush=True)

    return run


@check("the server answers and trusts us")
def _():
    assert client.trusted
    assert client.api.get().json()["metadata"]["api_version"] == "1.0"
    assert client.host_info["environment"]["server"] == "gasthof"


@check("has_api_extension")
def _():
    assert client.has_api_extension("instances")
    assert not client.has_api_extension("no_such_extension")


@check("images are listed and found by alias")
def _():
    assert image in [alias["name"] for one in client.images.all() for alias in one.aliases]
    assert client.images.get_by_alias(image).architecture == "x86_64"
    assert client.images.exists(image, alias=True)


@check("an instance is created from an alias")
def _():
    config = {"name": "py-1", "source": {"type": "image", "alias": image}, "config": {"user.a": "b"}}
    instance = client.containers.create(config, wait=True)
    assert instance.name == "py-1" and instance.status == "Stopped", instance.status


@check("instances are listed and exist")
def _():
    assert [one.name for one in client.containers.all()] == ["py-1"]
    assert client.containers.exists("py-1") and not client.containers.exists("py-2")


@check("what is not there is NotFound")
def _():
    try:
        client.containers.get("py-2")
    except NotFound:
        return
    raise AssertionError("it was found")


instance = client.containers.get("py-1")


@check("start")
def _():
    instance.start(wait=True)
    instance.sync()
    assert instance.status == "Running", instance.status


@check("state has addresses and memory")
def _():
    state = instance.state()
    assert state.pid > 0 and state.memory["usage"] > 0
    assert any(address["family"] == "inet" for address in state.network["eth0"]["addresses"])


@check("execute gives exit code and both outputs")
def _():
    ended = instance.execute(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (ended.exit_code, ended.stdout, ended.stderr) == (3, "out\n", "err\n"), ended


@check("execute with environment and standard input")
def _():
    ended = instance.execute(["sh", "-c", "cat; echo $FOO"], environment={"FOO": "bar"}, stdin_payload="typed\n")
    assert ended.stdout == "typed\nbar\n", ended


@check("execute with large output")
def _():
    ended = instance.execute(["sh", "-c", "dd if=/dev/zero bs=1024 count=512 2>/dev/null | tr '\\0' x"])
    assert len(ended.stdout) == 512 * 1024, len(ended.stdout)


@check("files are put and got")
def _():
    instance.files.put("/root/file", b"content\0more", mode="0640", uid=1000, gid=1000)
    assert instance.files.get("/root/file") == b"content\0more"
    ended = instance.execute(["stat", "-c", "%a %u %g", "/root/file"])
    assert ended.stdout == "640 1000 1000\n", ended


@check("files are deleted")
def _():
    assert instance.files.delete_available()
    instance.files.delete("/root/file")
    try:
        instance.files.get("/root/file")
    except NotFound:
        return
    raise AssertionError("it is still there")


@check("freeze and unfreeze")
def _():
    instance.freeze(wait=True)
    instance.sync()
    assert instance.status == "Frozen", instance.status
    instance.unfreeze(wait=True)


@check("config is changed by save")
def _():
    instance.sync()
    instance.config["user.c"] = "d"
    instance.save(wait=True)
    assert client.containers.get("py-1").config["user.c"] == "d"


@check("snapshots are created, listed, renamed, restored, deleted")
def _():
    instance.snapshots.create("s0", stateful=False, wait=True)
    assert [one.name for one in instance.snapshots.all()] == ["s0"]
    instance.execute(["touch", "/root/later"])
    instance.stop(wait=True, force=True)
    snapshot = instance.snapshots.get("s0")
    snapshot.restore(wait=True)
    instance.start(wait=True)
    assert instance.execute(["ls", "/root/later"]).exit_code != 0
    snapshot.rename("s1", wait=True)
    instance.snapshots.get("s1").delete(wait=True)
    assert instance.snapshots.all() == []


@check("publish makes an image")
def _():
    instance.stop(wait=True, force=True)
    instance.sync()
    made = instance.publish(public=False, wait=True)
    assert made.fingerprint and made.size > 0
    made.add_alias("published", "from pylxd")
    assert client.images.get_by_alias("published").fingerprint == made.fingerprint
    made.delete_alias("published")
    made.delete(wait=True)


@check("an image is exported and imported again")
def _():
    one = client.images.get_by_alias(image)
    data = one.export().read()
    assert len(data) > 1000


@check("rename")
def _():
    instance.rename("py-2", wait=True)
    assert client.containers.exists("py-2") and not client.containers.exists("py-1")


@check("profiles are created, changed, renamed, deleted")
def _():
    profile = client.profiles.create("py-p", config={"limits.memory": "64MiB"}, devices={})
    profile.description = "changed"
    profile.save(wait=True)
    assert client.profiles.get("py-p").description == "changed"
    profile.rename("py-q")
    client.profiles.get("py-q").delete()
    assert not client.profiles.exists("py-q")


@check("networks are created, changed, deleted")
def _():
    network = client.networks.create(
        "pybr0", description="made", config={"ipv4.address": "10.213.9.1/24", "ipv6.address": "none"}
    )
    network.config["user.x"] = "y"
    network.save(wait=True)
    assert client.networks.get("pybr0").config["user.x"] == "y"
    assert client.networks.get("pybr0").managed
    client.networks.get("pybr0").delete()
    assert not client.networks.exists("pybr0")


@check("storage pools have resources and volumes")
def _():
    pool = client.storage_pools.get("default")
    assert pool.resources.get().space["total"] > 0
    volume = pool.volumes.create({"type": "custom", "name": "py-v"}, wait=True)
    assert ("custom", "py-v") in [(one.type, one.name) for one in pool.volumes.all()]
    volume.delete()


@check("a wrong request is an LXDAPIException with the server's words")
def _():
    try:
        client.profiles.create("bad/name")
    except LXDAPIException as error:
        assert "name" in str(error).lower(), error
        return
    raise AssertionError("it was taken")


@check("delete")
def _():
    one = client.containers.get("py-2")
    one.delete(wait=True)
    assert client.containers.all() == []


sys.exit(1 if failed else 0)
