using System.Net;
using System.Runtime.CompilerServices;

namespace Orrery.Testing;

/// <summary>Compiled into every test program: servers of tests are on this machine, and a proxy that its environment names (HTTPS_PROXY) does not reach them.</summary>
internal static class DirectConnections
{
    [ModuleInitializer]
    internal static void Prefer() => HttpClient.DefaultProxy = new WebProxy();
}
