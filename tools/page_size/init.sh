#!/bin/busybox sh
# The first process of the emulated machine: calls the executables, and writes a line about each call.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
mkdir -p /run/cni /var/lib/cni /tmp /opt
cd /opt || exit 1

echo "page-size: $(sed -n 's/^KernelPageSize: *\([0-9]*\) kB$/\1/p' /proc/self/smaps | head -n 1)"

export CNI_CONTAINERID=try CNI_NETNS=/run/netns/try CNI_IFNAME=eth0 CNI_PATH=/opt
host_local='{"cniVersion":"1.1.0","name":"try","ipam":{"type":"host-local","ranges":[[{"subnet":"203.0.113.0/24"}]]}}'
dhcp='{"cniVersion":"1.1.0","name":"try","ipam":{"type":"dhcp"}}'

# call NAME EXECUTABLE COMMAND CONFIG: the exit status, and the first 200 characters of the output.
call() {
  output=$(echo "$4" | CNI_COMMAND=$3 $2 2>&1)
  echo "call: $1: $?: $(echo "$output" | tr -d '\n\r' | cut -c1-200)"
}

# wait_for FILE: until it exists, for a minute.
wait_for() {
  for _ in $(seq 600); do
    [ -e "$1" ] && return
    usleep 100000
  done
}

call "host-local VERSION" ./host-local VERSION ''
call "host-local ADD" ./host-local ADD "$host_local"
call "host-local DEL" ./host-local DEL "$host_local"
./host-local daemon &
wait_for /run/cni/host-local.sock
mkdir launcher
cp cni-launcher launcher/host-local
# There is no standalone executable beside the launcher, so only the resident process can answer.
call "launcher ADD" launcher/host-local ADD "$host_local"
call "launcher DEL" launcher/host-local DEL "$host_local"
call "dhcp VERSION" ./dhcp VERSION ''
./dhcp daemon &
wait_for /run/cni/dhcp.sock
call "dhcp STATUS" ./dhcp STATUS "$dhcp"
kill %1 %2
wait
echo "done"
poweroff -f
