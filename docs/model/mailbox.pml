// SPDX-License-Identifier: MIT
//
// How a mailbox comes to be, and who may store in it: ensure, `ready` and the look before a message is stored, with
// the stamp, the mark of the base and the administrator's mistakes. The allocations are in the tree already;
// creators.pml is about how they got there. Every step is one change of the file system, or one look at it.
//
// Set from outside:
//   SITE      ONE_USER: three deliveries to one user, while the file system is unmounted, the mailbox is lost, or
//             another one stands in its place, and all is put right in the end;
//             TWO_USERS: two deliveries to one user and one to another, and both were given the same home;
//             FOREIGN: as ONE_USER, and the home holds a Maildir that some other program uses;
//             PURGE: three deliveries to one user, and the administrator purges the mailbox once it is ready and
//             nobody is making it; PURGE_ANYTIME: he does so at any moment
//   WITHOUT   the guard that is taken out, one of those below

#define ONE_USER 1
#define TWO_USERS 2
#define FOREIGN 3
#define PURGE 4
#define PURGE_ANYTIME 5
#ifndef SITE
#define SITE ONE_USER
#endif

#define MARK 1             // a base without its mark is not used
#define READY 2            // a mailbox that was ready is not made again
#define STAMP_MADE 3       // ensure looks whose stamp there is
#define STAMP_OPENED 4     // and so does whoever stores
#define STAMP_APPEARS 5    // a stamp appears where there is none; it replaces none
#define STAMP_FIRST 6      // the stamp is made before the Maildir
#define UNSTAMPED 8        // a Maildir without a stamp is not taken
#define SAME_ID 7          // `ready` is written for the allocation whose mailbox was made
#ifndef WITHOUT
#define WITHOUT 0
#endif
#define guarded(guard) (WITHOUT != guard)

#define HOSTS 3
#define every(p) (p(0) && p(1) && p(2))
#define user_of(host) (SITE == TWO_USERS && host == 2)
#define SOMEBODYS 3

// The steps; at each, what is done next.
mtype = {FETCH, BASE, LOOK, LOOK_MAILDIR, LOOK_AGAIN, STAMP, CHECK, MAILDIR, SAY_READY, STORE, STORED};

// The tree: of each user the allocation's id, and whether its mailbox is ready.
byte id[2];
bit ready[2];

// The one home that all this is about, twice: on the disk, and below the directory that the disk is mounted on.
#define DISK 1
bit mounted = 1;
byte stamp[2];
bit maildir[2] = (SITE == FOREIGN);
bit lost;  // gone, or another one in its place
bit trouble = 1;

// How far the administrator's purge has come: the stamp, the Maildir, the allocation. There is one at most.
#define is_purging (purged != 0 && purged != 3)
byte purged;

mtype at[HOSTS] = FETCH;
byte mine[HOSTS];     // the allocation that was read
bit place[HOSTS];     // what it has opened, which stays what it is
bit saw_one[HOSTS];   // whether there was a Maildir
bit stored[HOSTS];

// What must never have happened.
bit out_of_sight;     // a message lies below the directory that the disk is mounted on
bit astray;     // a message lies in a mailbox that does not bear the stamp of its user
bit made_anew;  // a mailbox was begun where one is lost

#define again() at[me] = FETCH; mine[me] = 0; place[me] = 0; saw_one[me] = 0  // 75, and the MTA tries again
#define is_making(host) (at[host] != FETCH && at[host] != STORE && at[host] != STORED)
#define nobody_makes() (!is_making(0) && !is_making(1) && !is_making(2))
#define has_base() (mounted || !guarded(MARK))
#define put(what) made_anew = made_anew || (lost && place[me] == DISK); what

active [HOSTS] proctype host() {
  byte me = _pid;
  do
  // As the creators would have it: creators.pml.
  :: d_step { at[me] == FETCH ->
      id[user_of(me)] = (id[user_of(me)] != 0 -> id[user_of(me)] : (purged != 0 -> 2 : user_of(me) + 1));
      mine[me] = id[user_of(me)];
      at[me] = (ready[user_of(me)] && guarded(READY) -> STORE : BASE)
    }
  // ensure. Without the mark, it is 75 until there is one again.
  :: d_step { at[me] == BASE && has_base() -> place[me] = mounted; at[me] = LOOK }
  :: d_step { at[me] == LOOK ->
      if
      :: stamp[place[me]] == 0 -> at[me] = LOOK_MAILDIR
      :: stamp[place[me]] != 0 && (stamp[place[me]] == mine[me] || !guarded(STAMP_MADE)) -> at[me] = MAILDIR
      :: else -> again()
      fi
    }
  :: d_step { at[me] == LOOK_MAILDIR -> saw_one[me] = maildir[place[me]]; at[me] = LOOK_AGAIN }
  :: d_step { at[me] == LOOK_AGAIN ->
      if
      :: stamp[place[me]] == 0 && saw_one[me] && guarded(UNSTAMPED) -> again()
      :: stamp[place[me]] == 0 && (!saw_one[me] || !guarded(UNSTAMPED)) ->
        at[me] = (guarded(STAMP_FIRST) -> STAMP : MAILDIR)
      :: else -> at[me] = CHECK
      fi;
      saw_one[me] = 0
    }
  :: d_step { at[me] == STAMP ->
      if
      :: stamp[place[me]] == 0 || !guarded(STAMP_APPEARS) -> put(stamp[place[me]] = mine[me])
      :: else -> skip
      fi;
      at[me] = (guarded(STAMP_FIRST) -> CHECK : SAY_READY)
    }
  :: d_step { at[me] == CHECK ->
      if
      :: stamp[place[me]] == mine[me] || !guarded(STAMP_MADE) -> at[me] = MAILDIR
      :: else -> again()
      fi
    }
  :: d_step { at[me] == MAILDIR ->
      put(maildir[place[me]] = 1);
      at[me] = (guarded(STAMP_FIRST) || stamp[place[me]] != 0 -> SAY_READY : STAMP)
    }
  :: d_step { at[me] == SAY_READY ->
      if
      :: id[user_of(me)] == mine[me] || !guarded(SAME_ID) -> ready[user_of(me)] = 1; at[me] = STORE; place[me] = 0
      :: else -> again()
      fi
    }
  // What was opened stays what it is, so the look and the message are one step.
  :: d_step { at[me] == STORE && has_base() ->
      place[me] = mounted;
      if
      :: maildir[place[me]] && (stamp[place[me]] == mine[me] || !guarded(STAMP_OPENED)) ->
        out_of_sight = out_of_sight || place[me] != DISK;
        astray = astray || stamp[place[me]] != mine[me];
        stored[me] = 1;
        at[me] = STORED;
        mine[me] = 0;
        place[me] = 0
      :: else -> again()
      fi
    }
  :: at[me] == STORED -> break
  od
}

inline kill(victim) {
  at[victim] = FETCH;
  mine[victim] = 0;
  place[victim] = 0;
  saw_one[victim] = 0
}
#define strikes(host) :: d_step { trouble && at[host] != FETCH && at[host] != STORED -> kill(host) }

active proctype fate() {
end:
  do
  strikes(0)
  strikes(1)
  strikes(2)
#if SITE == ONE_USER || SITE == FOREIGN
  :: d_step { trouble -> mounted = !mounted }
  // Lost once it is in use. Not in the middle of an ensure that began before: README.md.
  :: d_step { trouble && !lost && ready[0] && stamp[DISK] == 1 && nobody_makes() ->
      lost = 1;
      stamp[DISK] = 0;
      maildir[DISK] = 0
    }
  :: d_step { trouble && lost && stamp[DISK] == 0 -> stamp[DISK] = SOMEBODYS; maildir[DISK] = 1 }
  :: d_step { lost && (stamp[DISK] == 0 || stamp[DISK] == SOMEBODYS) ->
      lost = 0;
      stamp[DISK] = 1;
      maildir[DISK] = 1
    }
#endif
#if SITE == PURGE || SITE == PURGE_ANYTIME
  :: d_step { trouble && purged == 0 && stamp[DISK] == 1 && (SITE == PURGE_ANYTIME || (ready[0] && nobody_makes())) ->
      purged = 1;
      stamp[DISK] = 0
    }
  :: d_step { purged == 1 -> purged = 2; maildir[DISK] = 0 }
  :: d_step { purged == 2 -> purged = 3; id[0] = (id[0] == 1 -> 0 : id[0]); ready[0] = 0 }
#endif
  :: d_step { trouble && !lost && !is_purging -> trouble = 0; mounted = 1 }
  od
}

#define is_stored(host) (stored[host])

ltl nothing_out_of_sight { [] !out_of_sight }
ltl nothing_astray { [] !astray }
ltl nothing_made_anew { [] !made_anew }
ltl one_user_a_mailbox { [] !((stored[0] || stored[1]) && stored[2]) }
ltl one_is_ready { [] !(ready[0] && ready[1]) }
ltl ready_is_true { [] ((ready[0] && !is_purging) -> (stamp[DISK] == id[0] && maildir[DISK])) }
ltl nothing_is_taken { [] !(stored[0] || stored[1] || stored[2] || stamp[DISK] != 0) }
ltl stored_at_last { (<> !trouble) -> <> every(is_stored) }
ltl one_of_the_users_is_served { (<> !trouble) -> <> ((stored[0] && stored[1]) || stored[2]) }

// These must be refuted: that what the guards are for does come about.
ltl never_two_at_once { [] !(at[0] == STAMP && at[2] == STAMP) }
ltl never_lost { [] !(lost && at[0] == STORE) }
ltl never_unmounted { [] !(!mounted && at[0] == STORE) }
