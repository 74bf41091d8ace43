"""Compares what the SDKs say they sent with what the sandbox says it took.

Usage: check.py BASE_URL SENT RECEIVED. Lines of SENT are `SDK: N batches in M requests`; batches go to RECEIVED.
"""

import json
import re
import sys
import urllib.request


def fetch(url):
    # Whatever proxy the environment names does not know this machine's loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as answer:
        return json.load(answer)


def main(base_url, sent, received):
    with open(sent, encoding="utf-8") as lines:
        claims = re.findall(r"^\w+: (\d+) batches in (\d+) requests$", lines.read(), re.MULTILINE)
    if len(claims) != 2:
        sys.exit(f"sdks: two SDKs should have sent, {len(claims)} did")
    batches = sum(int(number) for number, _ in claims)
    requests = sum(int(number) for _, number in claims)

    root = base_url.removesuffix("/v2")
    stats = fetch(f"{root}/sandbox/stats")
    wanted = {"accepted": batches, "rejected": 0, "duplicate": 0, "dropped": 0}
    if stats["batches"] != wanted:
        sys.exit(f"sdks: {wanted} was sent, the sandbox counted {stats['batches']}")
    if stats["requests"]["by_status"] != {"202": requests}:
        sys.exit(f"sdks: {requests} requests were sent, the sandbox counted {stats['requests']['by_status']}")

    kept = fetch(f"{root}/sandbox/received?limit=1000")["batches"]
    if len(kept) != batches:
        sys.exit(f"sdks: {batches} batches were sent, {len(kept)} can be seen")
    with open(received, "w", encoding="utf-8") as file:
        for entry in kept:
            file.write(json.dumps(entry["batch"]) + "\n")
    kinds = sorted({event["event_type"] for entry in kept for event in entry["batch"]["events"]})
    for kind in ("custom_event", "screen_view", "commerce_event", "session_start"):
        if kind not in kinds:
            sys.exit(f"sdks: no {kind} arrived, only {kinds}")
    print(f"sdks: {batches} accepted in {requests} requests, 0 rejected; events: {', '.join(kinds)}")


main(*sys.argv[1:])
