using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Installation;

namespace Orrery.Bench;

/// <summary>One Kubernetes API to measure, and the processes that it costs.</summary>
/// <param name="Pids">Empty when the server runs elsewhere: then only latencies are measured.</param>
/// <param name="EveryCluster">Credentials that hold in every virtual cluster; null where there are none.</param>
internal sealed record BenchTarget(string Name, ClientConfig Config, IReadOnlyList<int> Pids, ClientConfig? EveryCluster = null)
{
    /// <summary>
    /// Reads <c>kubeconfig=FILE</c>, or <c>url=URL</c> with <c>ca=FILE</c> and <c>token=TOKEN</c>, and optionally
    /// <c>name=NAME</c> and <c>pid=N</c> as often as the server has processes; parts are separated by commas.
    /// </summary>
    /// <exception cref="CommandFailedException">Not of that form.</exception>
    public static BenchTarget Parse(string text)
    {
        string? kubeconfig = null, url = null, ca = null, token = null, name = null;
        var pids = new List<int>();
        foreach (string part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? "kubeconfig" : part[..equals], value = equals < 0 ? part : part[(equals + 1)..];
            switch (key)
            {
                case "kubeconfig": kubeconfig = value; break;
                case "url": url = value; break;
                case "ca": ca = value; break;
                case "token": token = value; break;
                case "name": name = value; break;
                case "pid" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int pid): pids.Add(pid); break;
                default: throw new CommandFailedException($"'{part}': want kubeconfig=FILE or url=URL,ca=FILE,token=TOKEN, and name=NAME, pid=N");
            }
        }

        return Of(name, kubeconfig, url, ca, token, pids);
    }

    /// <summary>A target by its kubeconfig, or by address, authority and token.</summary>
    /// <param name="ca">File of authorities in PEM; null accepts any certificate, which is all that a bench on one machine needs.</param>
    public static BenchTarget Of(string? name, string? kubeconfig, string? url, string? ca, string? token, IReadOnlyList<int> pids)
    {
        ClientConfig config;
        if (kubeconfig is not null)
        {
            config = KubeConfig.Load(kubeconfig);
        }
        else if (Uri.TryCreate(url, UriKind.Absolute, out Uri? server))
        {
            var authorities = new X509Certificate2Collection();
            if (ca is not null)
            {
                try
                {
                    authorities.ImportFromPemFile(ca);
                }
                catch (System.Security.Cryptography.CryptographicException e)
                {
                    throw new CommandFailedException($"--ca: {ca}: {e.Message}", e);
                }
            }

            config = new ClientConfig(server, ca is null ? null : authorities, BearerToken: token) { InsecureSkipTlsVerify = ca is null };
        }
        else
        {
            throw new CommandFailedException("name what to measure: --kubeconfig FILE, or --url URL --ca FILE --token TOKEN");
        }

        foreach (int pid in pids.Where(pid => !Directory.Exists($"/proc/{pid}")))
        {
            throw new CommandFailedException($"there is no process {pid}");
        }

        return new BenchTarget(name ?? config.Server.Authority, config, pids);
    }

    /// <summary>The control plane of an installation on this machine.</summary>
    public static BenchTarget Own((DataDirectory Directory, Settings Settings) installation)
    {
        (DataDirectory directory, Settings settings) = installation;
        OrreryProcess controlPlane = Processes.Of(directory, settings).Single(p => p.Name == Processes.ControlPlane);
        return new BenchTarget("orrery", KubeConfig.Load(directory.AdminKubeconfig), controlPlane.RunningPid() is { } pid ? [pid] : [], KubeConfig.Load(directory.ControllersKubeconfig));
    }

    public ProcessUsage Usage() => ProcessUsage.Of(Pids);
}
