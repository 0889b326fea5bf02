using System.Runtime.InteropServices;

namespace Orrery.Bench;

/// <summary>What a figure was measured on.</summary>
internal static class Machine
{
    public static string Describe() => $"{Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}";
}
