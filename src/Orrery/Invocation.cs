namespace Orrery;

/// <summary>Under which name the binary was called.</summary>
internal static class Invocation
{
    /// <summary>As kubectl calls a plugin: <c>kubectl orrery …</c>.</summary>
    public const string Plugin = "kubectl-orrery";

    /// <summary>As kubectl asks a plugin for completions: the words typed so far.</summary>
    public const string PluginCompletion = "kubectl_complete-orrery";

    /// <summary>The first word of the command line as the system gave it, without folder; the runtime itself says only what it resolved that to.</summary>
    public static string Name()
    {
        const string CommandLine = "/proc/self/cmdline";
        return File.Exists(CommandLine) ? Path.GetFileName(File.ReadAllText(CommandLine).Split('\0')[0]) : Path.GetFileName(Environment.GetCommandLineArgs()[0]);
    }
}
