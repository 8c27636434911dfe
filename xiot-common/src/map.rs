//! Names of the maps, as they stand in the object file.

/// Program array by [`crate::stage`]: what the entry goes on to. Written by the agent.
pub const STAGES: &str = "STAGES";
/// `Array<PortConfig>` by interface index. Written by the agent.
pub const PORTS: &str = "PORTS";
/// DEVMAP by port index: where frames leave. Written by the agent.
pub const EGRESS: &str = "EGRESS";
/// `Array<Line>`: the policy image, both slots. Memory-mapped, written by the agent.
pub const IMAGE: &str = "IMAGE";
/// `Array<SlotHeader>`, one per slot. Memory-mapped, written by the agent.
pub const SLOTS: &str = "SLOTS";
/// `Array<Active>` of one: slot and epoch in force. Memory-mapped, written by the agent.
pub const ACTIVE: &str = "ACTIVE";
/// `Array<FlowLine>` by slot, memory-mapped: the flow table. Written by the program; the agent removes what is over.
pub const FLOWS: &str = "FLOWS";
/// `Array<FlowMarks>` by set, memory-mapped: who has the slots of the flow table. Written likewise.
pub const FLOW_MARKS: &str = "FLOW_MARKS";
/// `Array<FlowHints>` by set, memory-mapped: which slots may hold a key. Written likewise.
pub const FLOW_HINTS: &str = "FLOW_HINTS";
/// `Array<u64>`, memory-mapped: which devices ever had a flow. Written by the program.
pub const FLOW_OWNERS: &str = "FLOW_OWNERS";
/// `Array<FlowRest>` by slot, memory-mapped: what few frames of a flow touch. Written by the program.
pub const FLOW_REST: &str = "FLOW_REST";
/// `Array<FlowLevel>` of one element, memory-mapped: how full the flow table is. Written by the program and the agent.
pub const FLOW_LEVEL: &str = "FLOW_LEVEL";
/// `Array<FlowLine>`: [`FLOWS`] of the program before, from where flows move. Only of a program that is loaded for that.
pub const BEFORE_FLOWS: &str = "BEFORE_FLOWS";
/// `Array<FlowMarks>`: [`FLOW_MARKS`] of that one.
pub const BEFORE_MARKS: &str = "BEFORE_MARKS";
/// `Array<FlowHints>`: [`FLOW_HINTS`] of that one.
pub const BEFORE_HINTS: &str = "BEFORE_HINTS";
/// `Array<FlowRest>`: [`FLOW_REST`] of that one.
pub const BEFORE_REST: &str = "BEFORE_REST";
/// `Array<Moves>` of one, memory-mapped: how far flows have moved. Written by the program.
pub const MOVES: &str = "MOVES";
/// `LruHashMap<DatagramKey, Datagram>`: datagrams whose fragments are on their way. Written by the program.
pub const FRAGMENTS: &str = "FRAGMENTS";
/// `Array<Budget>` by device: new flows and fragmented datagrams of this second. Written by the program.
pub const BUDGETS: &str = "BUDGETS";
/// `Array<WireGuards>` by wire. Written by the agent.
pub const GUARDS: &str = "GUARDS";
/// `LruHashMap<SenderKey, GroupCount>`: broadcast and multicast of this second by sender. Written by the program.
pub const GROUP_SENDERS: &str = "GROUP_SENDERS";
/// `Array<GroupCount>` by port: the same of all senders. Written by the program.
pub const GROUP_PORTS: &str = "GROUP_PORTS";
/// `HashMap<OverrideKey, Override>`. Written by the agent.
pub const OVERRIDES: &str = "OVERRIDES";
/// `HashMap<BindingKey, Binding>`. Written by the program; the agent removes what is over.
pub const BINDINGS: &str = "BINDINGS";
/// `HashMap<PlacesKey, Places>`. Written by the program; the agent removes what is over.
pub const PLACES: &str = "PLACES";
/// `Array<u32>` of one: how often an address went to another MAC, was leased that was nobody's, or was taken back. Written by the program.
pub const BINDINGS_MOVED: &str = "BINDINGS_MOVED";
/// `HashMap<NamesKey, NameSet>` of listed devices. Written by the program; the agent removes what is over.
pub const NAMES: &str = "NAMES";
/// `LruHashMap<NamesKey, NameSet>` of devices that are not listed. Likewise.
pub const STRANGERS_NAMES: &str = "STRANGERS_NAMES";
/// `LruHashMap<ObservedKey, ObservedEntry>`. Written by the program, read by the agent.
pub const OBSERVED: &str = "OBSERVED";
/// `PerCpuArray<ReasonCounter>` by port and reason.
pub const REASONS: &str = "REASONS";
/// `Array<DeviceCounter>` laid out `[cpu][device]`. Memory-mapped, read by the agent.
pub const DEVICE_COUNTERS: &str = "DEVICE_COUNTERS";
/// `Array<RuleCounter>` by rule. Memory-mapped, read by the agent.
pub const RULE_COUNTERS: &str = "RULE_COUNTERS";
/// Ring buffer of `Event`.
pub const EVENTS: &str = "EVENTS";
/// `PerCpuArray<EventCounter>` of one.
pub const EVENT_COUNTERS: &str = "EVENT_COUNTERS";
/// Ring buffer of `Copy`.
pub const COPIES: &str = "COPIES";
/// `PerCpuArray<EventCounter>` of one: of copies.
pub const COPY_COUNTERS: &str = "COPY_COUNTERS";
/// `LruHashMap<CopyKey, SenderBudget>`.
pub const COPY_BUDGETS: &str = "COPY_BUDGETS";
/// `LruHashMap<SenderKey, SenderBudget>`.
pub const EVENT_BUDGETS: &str = "EVENT_BUDGETS";
/// `Array<Trace>` of two. Memory-mapped, read by `explain` and tests.
pub const TRACE: &str = "TRACE";
/// `Array<About>` of one: what the agent notes beside the program, which does not know it. Written by the agent.
pub const ABOUT: &str = "ABOUT";
/// `Array<u64>` by device id, memory-mapped: what tells the device from all others, or 0. Likewise.
pub const DEVICE_KEYS: &str = "DEVICE_KEYS";
/// `Array<u64>` by rule, memory-mapped: what tells the rule from all others, or 0. Likewise.
pub const RULE_KEYS: &str = "RULE_KEYS";
/// Name of the program in the object file.
pub const PROGRAM: &str = "xiot";
/// The program that judges what the entry does not forward.
pub const JUDGE: &str = "xiot_judge";
/// Name of the program that it goes on to with what is routed to a segment.
pub const HOP: &str = "xiot_hop";
/// Name of the program that all ports run while one takes over from another.
pub const RELAY: &str = "xiot_relay";
/// Name of the program that moves flows of the table before.
pub const MOVER: &str = "xiot_move";
