using System.CommandLine;
using Orrery.Bench;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery bench api</c>: what requests, watches and objects cost a Kubernetes API server.</summary>
internal static class BenchApiCommand
{
    public static Command Create()
    {
        Option<string> dataDir = Options.DataDir();
        var kubeconfig = new Option<string>("--kubeconfig") { Description = "Measure the API of this kubeconfig, whatever serves it.", HelpName = "FILE" };
        var url = new Option<string>("--url") { Description = "Measure the API at this address.", HelpName = "URL" };
        var ca = new Option<string>("--ca") { Description = "Authorities of --url in PEM; without it any certificate is accepted.", HelpName = "FILE" };
        var token = new Option<string>("--token") { Description = "Bearer token for --url.", HelpName = "TOKEN" };
        var pids = new Option<int[]>("--pid") { Description = "Process of the server; name it once for each process (API server and its store). Known for an installation of our own.", HelpName = "N" };
        var compare = new Option<string[]>("--compare") { Description = "Measure another API in the same run: kubeconfig=FILE or url=URL,ca=FILE,token=TOKEN, and name=NAME,pid=N,pid=N.", HelpName = "TARGET" };
        string[] measures = [.. Measure.OfApi.Select(m => m.Key)];
        var only = new Option<string[]>("--only") { Description = $"Measures to take: {string.Join(", ", measures)}.", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
        only.AcceptOnlyFromAmong(measures);
        var scale = new Option<double>("--scale") { Description = "Share of the full amounts, 0.01 to 1.", DefaultValueFactory = _ => 1, HelpName = "SHARE" }.Within(0.01, 1);
        var settle = new Option<int>("--settle") { Description = "Seconds that memory may take to come to rest.", DefaultValueFactory = _ => 40, HelpName = "N" }.Within(0, 3_600);
        var json = new Option<bool>("--json") { Description = "Print one JSON object in place of the table." };
        var command = new Command("api", "What a Kubernetes API server spends on requests, watches and objects.")
        {
            dataDir, kubeconfig, url, ca, token, pids, compare, only, scale, settle, json,
        };
        command.SetAction(async (parse, cancellationToken) =>
        {
            int[] processes = parse.GetValue(pids) ?? [];
            BenchTarget first = parse.GetValue(kubeconfig) is null && parse.GetValue(url) is null
                ? BenchTarget.Own(Options.Existing(parse.GetValue(dataDir)!))
                : BenchTarget.Of(null, parse.GetValue(kubeconfig), parse.GetValue(url), parse.GetValue(ca), parse.GetValue(token), processes);
            BenchTarget[] targets = [first, .. (parse.GetValue(compare) ?? []).Select(BenchTarget.Parse)];
            var options = new ApiBenchOptions(parse.GetValue(scale), parse.GetValue(only) ?? [], TimeSpan.FromSeconds(parse.GetValue(settle)));
            var progress = new Progress(TimeProvider.System, quiet: false);
            var results = new List<(string, IReadOnlyList<Figure>)>();
            foreach (BenchTarget target in targets)
            {
                using var bench = new ApiBench(target, options, progress, TimeProvider.System);
                results.Add((target.Name, await bench.RunAsync(cancellationToken).ConfigureAwait(false)));
            }

            new ApiBenchResult(results).Write(Console.Out, parse.GetValue(json));
            return 0;
        });
        return command;
    }
}
