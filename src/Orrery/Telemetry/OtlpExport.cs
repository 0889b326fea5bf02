using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Orrery.Client;

namespace Orrery.Telemetry;

/// <summary>
/// Sends traces, metrics and logs by OTLP to the endpoint that <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names, in the way that the other variables of
/// OpenTelemetry's specification say. Without an endpoint nothing of it is set up.
/// </summary>
internal sealed class OtlpExport : IDisposable
{
    private const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>ASP.NET Core's own source: a span a request.</summary>
    private const string RequestSource = "Microsoft.AspNetCore";

    private readonly TracerProvider traces;
    private readonly MeterProvider metrics;

    private OtlpExport(string service)
    {
        traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(Resource(service)).AddSource(RuntimeMetrics.SourceName, RequestSource).AddOtlpExporter().Build();
        metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(Resource(service)).AddMeter(PrometheusText.MeterPrefix + "*").AddOtlpExporter().Build();
    }

    public static bool IsAsked => Environment.GetEnvironmentVariable(EndpointVariable) is { Length: > 0 };

    /// <param name="service">Which of the processes this is, such as <c>orrery-serve</c>; <c>OTEL_SERVICE_NAME</c> says otherwise.</param>
    /// <returns>Null when no endpoint is set.</returns>
    public static OtlpExport? Start(string service) => IsAsked ? new OtlpExport(service) : null;

    /// <summary>Logs go there beside the console.</summary>
    public static void AddLogs(ILoggingBuilder logging, string service)
    {
        if (IsAsked)
        {
            logging.AddOpenTelemetry(options =>
            {
                options.SetResourceBuilder(Resource(service));
                options.IncludeFormattedMessage = true;
                options.AddOtlpExporter();
            });
        }
    }

    /// <summary>What is still held is sent first.</summary>
    public void Dispose()
    {
        traces.Dispose();
        metrics.Dispose();
    }

    private static ResourceBuilder Resource(string service) =>
        ResourceBuilder.CreateDefault().AddService(Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME") is { Length: > 0 } named ? named : service);
}
