#!/usr/bin/env bash
# Runs a real S3 server until it is told to end: one monitor, one object store in memory, one gateway of Ceph, on loopback.
# Usage: ceph-gateway.sh FOLDER PORT. Prints "ready" when it answers; ends its programs when its standard input ends.
# Keys: test / testsecret; may-not / testsecret2 has no rights of its own.
set -eu
folder=$1 port=$2
monitor=$((port + 1))
mkdir -p "$folder"/{mon,osd,rgw}
cd "$folder"
cat > ceph.conf <<CONF
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
keyring = $folder/keyring
run dir = $folder
admin socket = $folder/\$name.asok
log file = $folder/\$name.log
mon cluster log file = $folder/cluster.log
mon host = [v2:127.0.0.1:$monitor]
mon data = $folder/mon
mon allow pool size one = true
mon max pg per osd = 1000
mon warn on pool no redundancy = false
mon data avail crit = 1
mon data avail warn = 1
mon election timeout = 1
mon osd initial require min compat client = luminous
paxos propose interval = 0.05
osd data = $folder/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd class load list = *
osd class default list = *
osd heartbeat grace = 60
ms bind ipv6 = false
rgw data = $folder/rgw
rgw frontends = beast endpoint=127.0.0.1:$port
rgw dns name = localhost
rgw enable usage log = false
rgw run sync thread = false
[osd]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
CONF
export CEPH_CONF=$folder/ceph.conf
{
  ceph-authtool --create-keyring keyring --gen-key -n mon. --cap mon 'allow *'
  ceph-authtool keyring --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
  ceph-authtool keyring --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
  fsid=$(sed -n 's/^fsid = //p' ceph.conf)
  monmaptool --create --clobber --fsid "$fsid" --addv a "[v2:127.0.0.1:$monitor]" monmap
  ceph-mon --mkfs -i a --monmap monmap --keyring keyring
} > setup.out 2>&1
programs=()
end() {
  for program in "${programs[@]}"; do kill -9 "$program" 2> /dev/null || true; done
}
trap end EXIT
ceph-mon -i a -f > mon.out 2>&1 < /dev/null &
programs+=($!)
store=$(cat /proc/sys/kernel/random/uuid)
ceph --connect-timeout 30 osd new "$store" 0 > osd-new.out 2>&1 < /dev/null
ceph-osd -i 0 --mkfs --osd-uuid "$store" > osd-mkfs.out 2>&1 < /dev/null
ceph-osd -i 0 -f > osd.out 2>&1 < /dev/null &
programs+=($!)
radosgw -f -n client.admin > rgw.out 2>&1 < /dev/null &
programs+=($!)
answers() { python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2> /dev/null; }
for _ in $(seq 600); do
  answers && break
  sleep 0.1
done
answers
radosgw-admin user create --uid=test --display-name=test --access-key=test --secret=testsecret > user.out 2>&1 < /dev/null
radosgw-admin user create --uid=may-not --display-name=may-not --access-key=may-not --secret=testsecret2 > user2.out 2>&1 < /dev/null
echo ready
cat > /dev/null
