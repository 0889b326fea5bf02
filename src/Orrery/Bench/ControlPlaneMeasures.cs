namespace Orrery.Bench;

/// <summary>What <see cref="ControlPlaneBench"/> measures.</summary>
internal static class ControlPlaneMeasures
{
    public static readonly Measure Rollout = new("control-plane-rollout", "all installations in force", "s", null, null);
    public static readonly Measure Resync = new("control-plane-resync", "look at everything, CPU", "s", 2, null);
    public static readonly Measure ReadyMedian = new("control-plane-ready-p50", "one more tenant ready, p50", "s", null, null);
    public static readonly Measure Ready = new("control-plane-ready", "one more tenant ready, p99", "s", 2, null);
    public static readonly Measure RunningMedian = new("control-plane-running-p50", "its installations run, p50", "s", null, null);
    public static readonly Measure Running = new("control-plane-running", "its installations run, p99", "s", null, null);
    public static readonly Measure Changes = new("control-plane-changes", "changes of others meanwhile", "/s", null, null, HigherIsBetter: true);
    public static readonly Measure Resident = new("control-plane-resident", "control plane, resident", "MB", null, null);
}
