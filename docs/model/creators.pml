// SPDX-License-Identifier: MIT
//
// The first deliveries to one user, on several hosts at once: from the look into the tree to the message in the
// mailbox. Every step is one that the programs cannot be interrupted in: one transaction of the tree, or one change of
// the file system. README.md says what is left out.
//
// A host is killed, or stopped and continued, between any two steps; the MTA begins its delivery again. `trouble` ends
// some day, or never.
//
// Set from outside:
//   SITE      which creator each host has: LOCK, OPTIMISTIC, MIXED (two with the lock, one without), NONE
//   HOSTS     2 or 3
//   WITHOUT   the guard that is taken out, one of those below

#define LOCK 1
#define OPTIMISTIC 2
#define MIXED 3
#define NONE 4
#ifndef SITE
#define SITE LOCK
#endif
#ifndef HOSTS
#define HOSTS 3
#endif

#define TOKEN 1             // a write under a lock carries the lock's token
#define ABSENCE 2           // an allocation is written on the condition that there is none
#define LEASE_BEFORE 3      // a lock that somebody holds is taken only after a lease
#define LEASE_UNCHANGED 4   // the lease is counted anew when the token has changed
#define OBSERVED_TOKEN 5    // what is taken is the lock that was watched, not one that came meanwhile
#define TAKEOVER 6          // a lock is taken over at all
#define UNLOCK_TOKEN 7      // an unlock removes one's own lock only
#define COMMIT_FIRST 8      // a mailbox is made after its allocation was committed
#define READY_AFTER 9       // `ready` is written after the mailbox was made
#define READ_AGAIN 10       // whoever lost takes what stands in the tree, not his own proposal
#ifndef WITHOUT
#define WITHOUT 0
#endif
#define guarded(guard) (WITHOUT != guard)

#if SITE == MIXED
#define locks(host) (host != 1)
#else
#define locks(host) (SITE == LOCK)
#endif
#if HOSTS == 2
#define every(p) (p(0) && p(1))
#define every_mailbox(p) (p(1) && p(2))
#else
#define every(p) (p(0) && p(1) && p(2))
#define every_mailbox(p) (p(1) && p(2) && p(3))
#endif

// In ticks. A holder that runs ends before it has seen as many: see `clock`.
#define LEASE 2

// The steps of a delivery; at each, what is done next.
mtype = {FETCH, OBSERVE, TAKE, READ, PROPOSE, COMMIT, UNLOCK, STAMP, MAILDIR, READY, DELIVER, DELIVERED};

// The tree. The allocation that host n proposes has the id n + 1; nought is none. Its mailbox has a place of its own:
// the hosts' configurations may differ.
byte id;
bit ready;
byte token;

// The mailboxes, by id.
bit stamped[HOSTS + 1];
bit maildir[HOSTS + 1];

// The hosts.
mtype at[HOSTS] = FETCH;
byte allocation[HOSTS];  // what it has obtained
byte own[HOSTS];         // the token of the lock that it holds, or believes to hold
byte watched[HOSTS];     // the token that it saw when it last looked
byte waited[HOSTS];      // for how long by its own clock
byte held[HOSTS];        // for how long it has held the lock
bit stopped[HOSTS];
bit trouble = 1;

// Where each message lies, and what must never have happened.
byte lies[HOSTS];
bit overwritten;
bit late_write;
bit taken_early;

#define runs(host) (!stopped[host])
#define has_lock(host) (own[host] != 0)

// A token that nobody has, holds or remembers: random in the programs, the least such number here.
inline fresh_token() {
  fresh = 1;
  other = 0;
  do
  :: other == HOSTS -> break
  :: other < HOSTS && (fresh == token || own[other] == fresh || watched[other] == fresh) -> fresh++; other = 0
  :: else -> other++
  od;
  other = 0
}

// Whoever runs and has held the lock for less than a lease must not lose it.
inline note_takers_haste() {
  other = 0;
  do
  :: other < HOSTS ->
    taken_early = taken_early || (other != me && has_lock(other) && held[other] < LEASE);
    other++
  :: else -> break
  od;
  other = 0
}

inline take_lock() {
  if
  :: token == watched[me] || (watched[me] != 0 && !guarded(OBSERVED_TOKEN)) ->
    note_takers_haste();
    fresh_token();
    token = fresh;
    own[me] = fresh;
    fresh = 0;
    held[me] = 0;
    at[me] = READ
  :: else -> at[me] = OBSERVE
  fi;
  watched[me] = 0;
  waited[me] = 0
}

// What a commit does in the tree, whatever its conditions were.
inline write_allocation() {
  overwritten = overwritten || id != 0;
  late_write = late_write || (locks(me) && token != own[me]);
  id = me + 1;
  ready = 0;
  allocation[me] = me + 1
}

#define may_commit(host) \
  (SITE == NONE || ((id == 0 || !guarded(ABSENCE)) && (!locks(host) || token == own[host] || !guarded(TOKEN))))

inline commit() {
  if
  :: may_commit(me) -> write_allocation()
  :: else ->
    if
    :: guarded(READ_AGAIN) -> skip
    :: else -> allocation[me] = me + 1
    fi
  fi;
  if
  :: locks(me) -> at[me] = UNLOCK
  :: !locks(me) && allocation[me] != 0 -> at[me] = STAMP
  :: else -> at[me] = READ
  fi
}

inline give_back_lock() {
  if
  :: token == own[me] || !guarded(UNLOCK_TOKEN) -> token = 0
  :: else -> skip  // overtaken: it is somebody else's
  fi;
  own[me] = 0;
  held[me] = 0;
  at[me] = (allocation[me] != 0 -> STAMP : OBSERVE)
}

active [HOSTS] proctype host() {
  byte me = _pid;
  byte other, fresh;
  do
  // The principal as the delivery sees it first. What stands there is used; what is ready is not made again.
  :: d_step { runs(me) && at[me] == FETCH ->
      allocation[me] = id;
      at[me] = (id != 0 -> (ready -> DELIVER : STAMP) : (locks(me) -> OBSERVE : (SITE == NONE -> PROPOSE : READ)))
    }
  // datatree, lock(): it looks again and again; a look that changes nothing is left out here.
  :: d_step { runs(me) && at[me] == OBSERVE && token == 0 -> watched[me] = 0; waited[me] = 0; at[me] = TAKE }
  :: d_step { runs(me) && at[me] == OBSERVE && token != 0 && token != watched[me] ->
      watched[me] = token;
      waited[me] = (guarded(LEASE_UNCHANGED) -> 0 : waited[me])
    }
  :: d_step { runs(me) && at[me] == OBSERVE && token != 0 && token == watched[me] && guarded(TAKEOVER) &&
      (waited[me] >= LEASE || !guarded(LEASE_BEFORE)) -> at[me] = TAKE }
  :: d_step { runs(me) && at[me] == TAKE -> take_lock() }
  // The creator.
  :: d_step { runs(me) && at[me] == READ ->
      allocation[me] = id;
      at[me] = (id == 0 -> PROPOSE : (locks(me) -> UNLOCK : STAMP))
    }
  :: d_step { runs(me) && at[me] == PROPOSE ->
      stamped[me + 1] = stamped[me + 1] || !guarded(COMMIT_FIRST);
      at[me] = COMMIT
    }
  :: d_step { runs(me) && at[me] == COMMIT -> commit() }
  :: d_step { runs(me) && at[me] == UNLOCK -> give_back_lock() }
  // The MDA's ensure, and the host's word for it in the tree.
  :: d_step { runs(me) && at[me] == STAMP ->
      stamped[allocation[me]] = 1;
      at[me] = (guarded(READY_AFTER) -> MAILDIR : READY)
    }
  :: d_step { runs(me) && at[me] == MAILDIR ->
      maildir[allocation[me]] = 1;
      at[me] = (guarded(READY_AFTER) -> READY : DELIVER)
    }
  :: d_step { runs(me) && at[me] == READY ->
      if
      :: id == allocation[me] -> ready = 1; at[me] = (guarded(READY_AFTER) -> DELIVER : MAILDIR)
      :: else -> at[me] = FETCH; allocation[me] = 0  // 75, and the MTA tries again
      fi
    }
  // What is gone is never made again here: 75.
  :: d_step { runs(me) && at[me] == DELIVER ->
      if
      :: stamped[allocation[me]] && maildir[allocation[me]] -> lies[me] = allocation[me]; at[me] = DELIVERED
      :: else -> at[me] = FETCH
      fi;
      allocation[me] = 0
    }
  :: at[me] == DELIVERED -> break
  od
}

// Each host's clock runs, also while it is stopped. A tick comes only when every holder that runs can still see one
// before its lease is over: so a lease is longer than what is done under the lock.
#define counts(host) (watched[host] != 0 && waited[host] < LEASE)
#define ages(host) (has_lock(host) && held[host] < LEASE)
#define has_time(host) (!has_lock(host) || stopped[host] || held[host] + 1 < LEASE)
#if HOSTS == 2
#define some(p) (p(0) || p(1))
#else
#define some(p) (p(0) || p(1) || p(2))
#endif

active proctype clock() {
  byte each;
end:
  do
  :: d_step { every(has_time) && (some(counts) || some(ages)) ->
      each = 0;
      do
      :: each < HOSTS ->
        waited[each] = waited[each] + counts(each);
        held[each] = held[each] + ages(each);
        each++
      :: else -> break
      od;
      each = 0
    }
  od
}

inline kill(victim) {
  stopped[victim] = 0;
  at[victim] = FETCH;  // the MTA begins again
  allocation[victim] = 0;
  own[victim] = 0;
  held[victim] = 0;
  watched[victim] = 0;
  waited[victim] = 0
}

// What may happen to a host: it is killed, stopped, continued. Who was stopped is continued in the end.
#define strikes(host) \
  :: d_step { trouble && at[host] != DELIVERED -> kill(host) } \
  :: d_step { trouble && has_lock(host) && runs(host) -> stopped[host] = 1 } \
  :: d_step { stopped[host] -> stopped[host] = 0 }

active proctype fate() {
end:
  do
  strikes(0)
  strikes(1)
#if HOSTS == 3
  strikes(2)
#endif
  :: trouble -> trouble = 0
  od
}

#define lies_right(host) (lies[host] == 0 || lies[host] == id)
#define is_delivered(host) (lies[host] != 0)
#define is_owned(number) ((!stamped[number] && !maildir[number]) || id == number)

ltl one_allocation { [] !overwritten }
ltl in_the_allocated_mailbox { [] every(lies_right) }
ltl losers_leave_nothing { [] every_mailbox(is_owned) }
ltl ready_is_true { [] (ready -> (id != 0 && stamped[id] && maildir[id])) }
ltl no_write_after_takeover { [] !late_write }
ltl no_takeover_within_a_lease { [] !taken_early }
ltl safety {
  [] (!overwritten && !late_write && !taken_early && every(lies_right) && every_mailbox(is_owned) &&
      (ready -> (id != 0 && stamped[id] && maildir[id])))
}
ltl delivered_at_last { (<> !trouble) -> <> every(is_delivered) }

// These must be refuted: that what the guards are for does come about.
ltl never_two_holders { [] !(has_lock(0) && has_lock(HOSTS - 1)) }
ltl never_a_late_writer { [] !(at[0] == COMMIT && has_lock(0) && token != own[0] && id == 0) }
ltl never_a_loser { [] !(at[0] == COMMIT && id != 0) }
