/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Statistics of TCP connections: round-trip times, retransmissions, and the time that connecting took. The socket has
 * all of them, and they are read once, when the connection ends. The histograms are here. User space adds up by process
 * and peer, from a record for each connection. It is not woken for these records: it reads them at intervals, and
 * before the ring is full.
 */
#ifndef WEIR_STATISTICS_H
#define WEIR_STATISTICS_H

#include "base/bits.h"
#include "base/options.h"
#include "base/quiet.h"
#include "process/listening.h"
#include "process/owners.h"

#define CONNECTIONS_SIZE (1024 * 1024) /* room for some 7,000 connections */
#define NO_ROUND_TRIP 0xffffffff       /* the kernel has not measured any */

/* connections that have ended; all records are struct tcp_connection */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, CONNECTIONS_SIZE);
} tcp_connections SEC(".maps");

/* enum weir_direction of the opener -> statistics of connections */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct tcp_statistics);
} tcp_statistics SEC(".maps");

/* This is atomic, because packets interrupt the system calls of the same CPU. */
static __always_inline void count_in(struct histogram *histogram, __u32 bucket, __u64 value)
{
	if (bucket >= LIMIT_HISTOGRAM_BUCKETS)
		bucket = LIMIT_HISTOGRAM_BUCKETS - 1;
	__sync_fetch_and_add(&histogram->counts[bucket], 1);
	__sync_fetch_and_add(&histogram->sum, value);
}

static __always_inline void count_time(struct histogram *histogram, __u64 us)
{
	count_in(histogram, us > 16 ? bits_of(us - 1) - 4 : 0, us);
}

static __always_inline void count_number(struct histogram *histogram, __u64 number)
{
	count_in(histogram, number ? bits_of(number - 1) + 1 : 0, number);
}

/*
 * Returns the direction of the opener. The kernel notes in an accepted socket the interface at which its SYN arrived,
 * in fields that no process can set in a TCP socket (tcp_v4_syn_recv_sock, tcp_v6_syn_recv_sock). So this is also known
 * for sockets that are older than weir.
 */
static __always_inline __u8 opened_by(struct tcp_sock *tcp)
{
	struct inet_sock *inet = &tcp->inet_conn.icsk_inet;

	if (inet->mc_index)
		return DIRECTION_INGRESS;
	if (inet->sk.__sk_common.skc_family == FAMILY_INET6 && inet->pinet6 && inet->pinet6->mcast_oif)
		return DIRECTION_INGRESS;
	return DIRECTION_EGRESS;
}

static __always_inline void describe_ends(struct tcp_connection *connection, const struct inet_sock *inet)
{
	const struct sock_common *socket = &inet->sk.__sk_common;

	read_local(connection->local_be, socket);
	if (socket->skc_family == FAMILY_INET)
		map_ipv4(connection->remote_be, socket->skc_daddr);
	else
		BPF_CORE_READ_INTO(&connection->remote_be, socket, skc_v6_daddr);
	connection->local_port = bpf_ntohs(inet->inet_sport);
	connection->remote_port = bpf_ntohs(socket->skc_dport);
	connection->netns = socket->skc_net.net->net_cookie;
}

static __always_inline void describe_tcp(struct tcp_connection *connection, struct tcp_sock *tcp, __u64 cookie)
{
	struct owner *owner = bpf_map_lookup_elem(&owners, &cookie);
	__u32 least = tcp->rtt_min.s[0].v;

	connection->cookie = cookie;
	if (owner)
		connection->owner = *owner;
	else
		__builtin_memset(&connection->owner, 0, sizeof(connection->owner));
	connection->round_trip_us = tcp->srtt_us >> 3;
	connection->least_round_trip_us = least == NO_ROUND_TRIP ? 0 : least;
	connection->segments = tcp->segs_out;
	connection->retransmissions = tcp->total_retrans;
	connection->direction = opened_by(tcp);
	__builtin_memset(connection->reserved, 0, sizeof(connection->reserved));
	describe_ends(connection, &tcp->inet_conn.icsk_inet);
}

static __always_inline struct tcp_statistics *statistics_of(__u32 direction)
{
	return bpf_map_lookup_elem(&tcp_statistics, &direction);
}

static __always_inline void report_connection(struct tcp_sock *tcp, __u64 cookie)
{
	struct tcp_connection *connection = bpf_ringbuf_reserve(&tcp_connections, sizeof(*connection), 0);

	if (!connection) {
		count_fault(FAULT_CONNECTION_TOLD);
		return;
	}
	describe_tcp(connection, tcp, cookie);
	submit_quietly(&tcp_connections, CONNECTIONS_SIZE, connection);
}

static __always_inline void count_ended(struct sock *socket)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(socket);
	struct tcp_statistics *statistics;

	if (!tcp)
		return;
	statistics = statistics_of(opened_by(tcp));
	if (!statistics)
		return;
	if (tcp->srtt_us)
		count_time(&statistics->round_trip, tcp->srtt_us >> 3);
	count_number(&statistics->retransmissions, tcp->total_retrans);
	__sync_fetch_and_add(&statistics->segments, tcp->segs_out);
	report_connection(tcp, bpf_get_socket_cookie(socket));
}

/*
 * The kernel measures the time from a SYN to its reply. If the SYN was sent again, owners.h has the time of the first
 * one.
 */
static __always_inline void count_connected(struct sock *socket)
{
	struct tcp_statistics *statistics = statistics_of(DIRECTION_EGRESS);
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(socket);
	__u64 cookie = bpf_get_socket_cookie(socket);
	struct owner *owner;

	if (!statistics || !tcp)
		return;
	if (!tcp->total_retrans) {
		count_time(&statistics->connecting, tcp->srtt_us >> 3);
		return;
	}
	owner = bpf_map_lookup_elem(&owners, &cookie);
	if (owner && owner->connecting_ns)
		count_time(&statistics->connecting, (bpf_ktime_get_ns() - owner->connecting_ns) / 1000);
}

/*
 * Counts a change of state. Every connection goes from another state to CLOSE once: at its end, or when it goes to
 * TIME_WAIT.
 */
static __always_inline void count_tcp_state(struct sock *socket, int from, int to)
{
	bool connected = from == TCP_SYN_SENT && to == TCP_ESTABLISHED;
	bool ended = to == TCP_CLOSE && from != TCP_CLOSE && from != TCP_LISTEN && from != TCP_SYN_SENT &&
		     from != TCP_SYN_RECV;

	if ((!connected && !ended) || socket->sk_protocol != IPPROTO_TCP)
		return;
	if (counted_netns && socket->__sk_common.skc_net.net->net_cookie != counted_netns)
		return;
	if (connected)
		count_connected(socket);
	else
		count_ended(socket);
}

/* Writes the connection of this file. If several processes have it open, it is written for each of them. */
static __always_inline int report_live_connection(struct bpf_iter__task_file *ctx)
{
	struct tcp_connection connection;
	struct file *file = ctx->file;
	struct socket *socket;
	struct tcp_sock *tcp;
	__u8 state;

	if (!file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	tcp = bpf_skc_to_tcp_sock(socket->sk);
	if (!tcp)
		return 0;
	state = tcp->inet_conn.icsk_inet.sk.__sk_common.skc_state;
	if (state == TCP_CLOSE || state == TCP_LISTEN || state == TCP_SYN_SENT || state == TCP_SYN_RECV)
		return 0;
	if (counted_netns && socket->sk->__sk_common.skc_net.net->net_cookie != counted_netns)
		return 0;
	describe_tcp(&connection, tcp, bpf_get_socket_cookie(socket->sk));
	bpf_seq_write(ctx->meta->seq, &connection, sizeof(connection));
	return 0;
}

#endif
