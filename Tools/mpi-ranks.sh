# What programs of several ranks need here, for those scripts that set $work and $checks and read this. Not run by
# itself.
# shellcheck shell=bash disable=SC2154

# As root too, with more ranks than processors, and without what containers forbid.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none

namespaces=("sr-a-$$" "sr-b-$$")
remove_network() {
  local name
  for name in "${namespaces[@]}"; do ip netns delete "$name" 2>/dev/null; done
}

# Two namespaces with one cable; mpirun starts what belongs to the second in the second.
make_agent() {
  cat >"$work/agent" <<END
#!/bin/sh
# Where a shell on another machine would be: HOST COMMAND…
shift
exec ip netns exec ${namespaces[1]} unshare --uts sh -c "hostname other; \$*"
END
  chmod +x "$work/agent"
}
# Says nothing where it is there already; what the system says where it forbids it.
make_network() {
  ip netns list | grep -q "${namespaces[1]}" && return
  make_agent
  ip netns add "${namespaces[0]}" && ip netns add "${namespaces[1]}" || return
  ip link add "sra$$" type veth peer name "srb$$" || return
  ip link set "sra$$" netns "${namespaces[0]}" && ip link set "srb$$" netns "${namespaces[1]}" || return
  ip -n "${namespaces[0]}" addr add 10.77.0.1/24 dev "sra$$"
  ip -n "${namespaces[1]}" addr add 10.77.0.2/24 dev "srb$$"
  for i in 0 1; do ip -n "${namespaces[i]}" link set lo up; done
  ip -n "${namespaces[0]}" link set "sra$$" up && ip -n "${namespaces[1]}" link set "srb$$" up
}
# Both directions of the cable carry no more than RATE, such as 20mbit; fails where the kernel has no such queue.
slow_network() { # RATE
  tc -n "${namespaces[0]}" qdisc replace dev "sra$$" root tbf rate "$1" burst 64kb latency 400ms &&
    tc -n "${namespaces[1]}" qdisc replace dev "srb$$" root tbf rate "$1" burst 64kb latency 400ms
}
over_tcp() { # ARGUMENT…
  timeout -k 5 120 ip netns exec "${namespaces[0]}" mpirun --host 10.77.0.1:1,10.77.0.2:1 -n 2 \
    --mca plm_rsh_agent "$work/agent" --mca btl self,tcp --mca pml ob1 \
    --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 "$checks" "$@"
}
