"""Sentence forms of advisories, per kind and set. ``[a|b]`` is a choice, ``{slot}`` is filled in by ``notice``.

``{when}`` says when it begins and how long it lasts, ``{start}`` only when it begins; both stand where an adverbial
can. ``{amount}`` is a noun phrase where an object can stand. The two sets share no form: ``held_out`` is for judging
who has read only ``known`` ones. They differ in construction, not just in words.
"""

from __future__ import annotations

from typing import Literal

Set = Literal["known", "held_out"]

_MAINTENANCE_KNOWN = (
    "[Scheduled|Planned] maintenance at {dc}: we will [take|pull] {amount} out of [service|rotation] {when}.",
    "We will [carry out|perform|do] maintenance on {amount} in {dc} {when}.",
    "{dc} will [run|operate] without {amount} {when} [because of|due to] [planned|scheduled] [work|maintenance].",
    "[Please note|Be advised] that {dc} [drains|is going to drain] {amount} {when} for [servicing|maintenance].",
    "[Firmware|BIOS|Kernel] upgrades at {dc} {when}: {amount} will not accept new [jobs|work].",
    "Our technicians in {dc} [replace|swap] power supplies {when} and need {amount} [empty|drained].",
    "Expect [reduced|less] capacity at {dc} {when}; {amount} [will be|are going to be] in maintenance.",
    "{when}, {dc} [withdraws|takes away] {amount} for [routine|regular] maintenance.",
    "Maintenance window for {dc} {when}. Affected: {amount}. Running jobs [may finish|are left alone].",
    "New jobs will not be [scheduled|started] on {amount} of {dc} {when} while we [patch|service] them.",
    "[Rack|Switch|Cable] work in {dc} {when} [requires|makes it necessary] that we cordon {amount}.",
    "To [fix|repair] a cooling loop, {dc} [empties|shuts down] {amount} {when}.",
)
_MAINTENANCE_HELD_OUT = (
    "If you planned to use {dc}, think again: {when} it has to do without {amount}, which get serviced.",
    "What we owe our machines in {dc} is some care; {amount} receive it {when} and start nothing meanwhile.",
    "Question: what happens at {dc} {when}? Answer: {amount} are unplugged, inspected and plugged in again.",
    "Once their jobs are done, {amount} at {dc} go dark {when}, so that electricians can work safely.",
    "{dc} / change ticket approved / drain {amount} / {when} / return to service afterwards.",
    "There is [never a good time|no ideal moment] for it, but {amount} have to leave the pool of {dc} {when}.",
)

_HEAT_KNOWN = (
    "Heat wave [expected|forecast] for {dc} {when}: temperatures {amount}.",
    "[Hot weather|A hot spell] is [coming to|on its way to] {dc} {when}, {amount}; cooling will [need|draw] more.",
    "The weather service [warns of|announces] heat in {dc} {when}, {amount}.",
    "We expect {dc} to be {amount} {when}; [PUE|overhead] will [rise|go up] accordingly.",
    "[Chillers|Cooling plants] at {dc} will work [harder|at their limit] {when}: it gets {amount}.",
    "Extreme heat [warning|alert] for the area of {dc} {when}, {amount}.",
    "Outdoor [air|temperatures] at {dc} will be {amount} {when}.",
    "{when}, {dc} [faces|goes through] a heat wave with temperatures {amount}.",
    "Free cooling at {dc} will [not be available|hardly help] {when}, since it will be {amount}.",
    "[Please note|Be advised]: forecasters see a heat dome over {dc} {when}, {amount}.",
    "Cooling at {dc} becomes [expensive|less efficient] {when}, with the mercury {amount}.",
    "[Summer|High pressure] [arrives|settles in] at {dc} {when}; expect it {amount}.",
)
_HEAT_HELD_OUT = (
    "Whoever computes at {dc} {when} pays for the air conditioning too: it will be {amount} outside.",
    "Sweat is what {dc} will do {when}. Thermometers are going to read {amount}.",
    "Bad news for everybody who likes it cool: {dc}, {when}, {amount}.",
    "Were it up to us, {dc} would stay cool; instead {when} the sun makes it {amount}.",
    "{dc} / weather / {amount} / {when} / fans at full speed.",
    "Not a cloud over {dc} {when}, and hence it turns {amount}, which no chiller enjoys.",
)

_CURTAILMENT_KNOWN = (
    "The grid operator has asked {dc} to reduce its [load|consumption] {when}: we may use {amount}.",
    "[Demand response|Curtailment] at {dc} {when}: [new|further] jobs start only while we stay within {amount}.",
    "{dc} will [limit|restrict] itself to {amount} {when} to [relieve|support] the grid.",
    "[Please note|Be advised] that {dc} is curtailed to {amount} {when}.",
    "Power supply to {dc} is [tight|limited] {when}; no more than {amount} can be in use.",
    "{when}, a [curtailment order|load-shedding notice] caps {dc} at {amount}.",
    "Because of a [transformer|substation] outage {dc} [has|gets] less power {when} and will offer {amount}.",
    "We [throttle|cut back] {dc} {when}. Available: {amount}.",
    "[Scarce|Expensive] power in the region of {dc} {when}: the site will [run on|keep to] {amount}.",
    "The utility [enforces|imposes] a power cap on {dc} {when}, which leaves us {amount}.",
    "Capacity of {dc} will be [held|kept] at {amount} {when} at the request of the network operator.",
    "Peak-load [agreement|contract] in force at {dc} {when}: usage is bounded by {amount}.",
)
_CURTAILMENT_HELD_OUT = (
    "Should your jobs wait in {dc} {when}, blame the grid: it grants us {amount}, not a core more.",
    "Less is more, says the utility, and hands {dc} a budget of {amount} {when}.",
    "Somebody else needs the electrons {when}; what remains for {dc} is {amount}.",
    "{dc} / demand response event / ceiling: {amount} / {when} / running work continues.",
    "Until the lines are relieved there is only {amount} to go round at {dc} {when}.",
    "What {dc} can give {when}? Exactly what the grid lets it have: {amount}.",
)

_REFRESH_KNOWN = (
    "Hardware refresh at {dc} {start}: {amount} will be replaced by {new}.",
    "We [retire|decommission] {amount} in {dc} {start} and [bring in|install] {new}.",
    "{dc} [gets|receives] {new} {start}, [in place of|instead of] {amount}.",
    "[Please note|Be advised] that {dc} [swaps|exchanges] {amount} for {new} {start}.",
    "End of life for {amount} at {dc}: {new} take over {start}.",
    "{start}, {dc} [migrates|moves] from {amount} to {new}.",
    "[New|Fresh] hardware for {dc} {start}: {new} come in, {amount} go out.",
    "[Starting|Beginning] {start}, jobs in {dc} will run on {new}; {amount} are [drained|phased out].",
    "{dc} will [upgrade|renew] {amount} {start}. The [successors|replacements] are {new}.",
    "After the [refresh|upgrade] of {dc} {start} you will find {new} there, no longer {amount}.",
    "The lease of {amount} at {dc} ends {start}; {new} have been [ordered|delivered] as a replacement.",
    "We are [modernising|renewing] {dc}: {start} {new} [replace|supersede] {amount}.",
)
_REFRESH_HELD_OUT = (
    "Say goodbye to {amount} at {dc}, and hello to {new}, {start}.",
    "What computes in {dc} today is not what computes there {start}: {new} succeed {amount}.",
    "{dc} / asset replacement / out: {amount} / in: {new} / effective {start}.",
    "They served well, yet {amount} leave {dc} {start}, since {new} do more per watt.",
    "A lorry full of {new} reaches {dc} and is put to work {start}; it takes {amount} away.",
    "Who measures run times in {dc} should measure again {start}, once {new} stand where {amount} stood.",
)

_OFF_KNOWN = (
    "[Cancelled|Called off]: the {what} at {dc} announced earlier will not [take place|happen].",
    "The {what} planned for {dc} has been [cancelled|called off].",
    "[Good news|Update]: there will be no {what} at {dc} after all.",
    "[Please ignore|Disregard] our earlier notice about the {what} at {dc}; it is [off|not going to happen].",
    "{dc}: {what} postponed [indefinitely|until further notice]; [normal|usual] operation continues.",
    "We [withdraw|take back] the announcement of the {what} at {dc}.",
    "The {what} at {dc} is no longer [necessary|expected].",
    "All clear for {dc}: the {what} does not come.",
)
_OFF_HELD_OUT = (
    "Remember what we wrote about {dc}? Forget it: no {what}.",
    "{dc} / {what} / status: void.",
    "Everything stays as it is in {dc}, since the {what} fell through.",
    "Plans change, and so the {what} spares {dc}.",
)

FORMS: dict[Set, dict[str, tuple[str, ...]]] = {
    "known": {
        "maintenance": _MAINTENANCE_KNOWN,
        "heat_wave": _HEAT_KNOWN,
        "curtailment": _CURTAILMENT_KNOWN,
        "refresh": _REFRESH_KNOWN,
        "cancelled": _OFF_KNOWN,
    },
    "held_out": {
        "maintenance": _MAINTENANCE_HELD_OUT,
        "heat_wave": _HEAT_HELD_OUT,
        "curtailment": _CURTAILMENT_HELD_OUT,
        "refresh": _REFRESH_HELD_OUT,
        "cancelled": _OFF_HELD_OUT,
    },
}
OPENERS = ("", "", "", "", "Notice: ", "Operator notice - ", "Heads-up: ", "To all users: ", "FYI: ", "Advisory: ")
CLOSERS = (
    "", "", "", "", " Please plan accordingly.", " We apologise for the inconvenience.", " Details follow.",
    " Contact operations with questions.", " Thank you for your patience.", " This is an automated message.",
)  # fmt: skip
WHAT = {
    "maintenance": ("maintenance", "maintenance window", "work on the hosts"),
    "heat_wave": ("heat wave", "hot spell", "extreme heat"),
    "curtailment": ("curtailment", "power cap", "load reduction"),
    "refresh": ("hardware refresh", "replacement of hosts", "hardware swap"),
}
