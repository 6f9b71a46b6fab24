/** Where the local service is: the content of `.zippynet/local.json`, there as long as it runs. */
export interface LocalService {
  readonly s3: {
    readonly endpoint: string;
    readonly region: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  readonly uploadsBucket: string;
  readonly latentsBucket: string;
  readonly apiUrl: string;
}
