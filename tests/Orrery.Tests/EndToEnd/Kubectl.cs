using System.Text.Json;

namespace Orrery.Tests.EndToEnd;

/// <summary>The real kubectl on one cluster.</summary>
internal sealed class Kubectl(string kubeconfig)
{
    public string Kubeconfig { get; } = kubeconfig;

    /// <summary>Skips the test where there is no kubectl.</summary>
    public static void Require()
    {
        Assert.SkipUnless(Find("kubectl") is not null, "kubectl is not on PATH");
    }

    /// <summary>Where on PATH the kubectl of some version is; null where it is not.</summary>
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Arguments separated by spaces; a part in single quotes is one argument.</summary>
    public Task<Ended> TryAsync(string arguments, string? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var all = new Dictionary<string, string>(environment ?? new Dictionary<string, string>()) { ["KUBECONFIG"] = Kubeconfig, ["HOME"] = Path.GetDirectoryName(Kubeconfig)! };
        return Shell.RunAsync("kubectl", Split(arguments), all, input);
    }

    /// <summary>The output of a command that must succeed.</summary>
    public async Task<string> RunAsync(string arguments, string? input = null) => (await TryAsync(arguments, input)).Succeeded();

    public async Task<JsonElement> JsonAsync(string arguments) => JsonDocument.Parse(await RunAsync(arguments + " -o json")).RootElement.Clone();

    private static IEnumerable<string> Split(string arguments)
    {
        string[] parts = arguments.Split('\'');
        for (int i = 0; i < parts.Length; i++)
        {
            if (i % 2 == 1)
            {
                yield return parts[i];
                continue;
            }

            foreach (string word in parts[i].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                yield return word;
            }
        }
    }
}
